"""The adversarial suite: text, models and behaviour that try to talk the triage round, and what they achieve."""
