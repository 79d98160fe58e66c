"""What other machines send us: alerts. The answer is 2xx only once they are on disk.

Prometheus does not repeat what was answered with an error, and Alertmanager gives up on 4xx: so 4xx means that the body
cannot be read however often it is sent, and everything else is 503.
"""
