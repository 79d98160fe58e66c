"""Slack: rooms, messages and pages out through its Web API; commands, buttons, forms, pins and reactions in, over
signed HTTP or Socket Mode. It needs the extra ``slack`` (slack_sdk and websockets).
"""
