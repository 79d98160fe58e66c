"""What a team has elsewhere, as settings: exports of PagerDuty, Opsgenie and Grafana OnCall become tables."""
