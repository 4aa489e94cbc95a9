"""Attack families and harmless activities, by name. A new one is a function and a line here."""

from collections.abc import Callable, Iterator, Mapping

from triage.generator.events import Alert, Step
from triage.generator.scenarios import (
    ai_service,
    ai_training,
    changes,
    insider,
    intrusion,
    occasions,
    phishing,
    plant,
    routine,
)
from triage.generator.stage import Stage

Attack = Callable[[Stage], Iterator[Step]]
"""Plays once over the whole window."""
Activity = Callable[[Stage], Iterator[Alert]]
"""Plays once for every day of the window."""

ATTACKS: Mapping[str, Attack] = {
    "phishing-to-cloud": phishing.phishing_to_cloud,
    "business-email-compromise": phishing.business_email_compromise,
    "password-spray": insider.password_spray,
    "slow-spray": insider.slow_spray,
    "ransomware": intrusion.ransomware,
    "web-server-intrusion": intrusion.web_server_intrusion,
    "supply-chain": intrusion.supply_chain,
    "cloud-key-theft": insider.cloud_key_theft,
    "insider-exfiltration": insider.insider_exfiltration,
    "plant-manipulation": plant.plant_manipulation,
    "panel-tampering": plant.panel_tampering,
    "model-theft": ai_service.model_theft,
    "model-extraction": ai_training.model_extraction,
    "data-poisoning": ai_training.data_poisoning,
    "assistant-hijack": ai_training.assistant_hijack,
}
ROUTINE: Mapping[str, Activity] = {
    "daily-automation": routine.daily_automation,
    "failed-logons": routine.failed_logons,
    "admin-work": routine.admin_work,
    "mail-routine": routine.mail_routine,
    "identity-routine": routine.identity_routine,
    "cloud-routine": routine.cloud_routine,
    "network-routine": routine.network_routine,
    "one-off-highs": routine.one_off_highs,
    "plant-routine": plant.plant_routine,
    "ai-routine": ai_service.ai_routine,
    "ai-test-run": ai_service.ai_test_run,
    "software-rollout": occasions.software_rollout,
    "vulnerability-scanner": occasions.vulnerability_scanner,
    "plant-maintenance": plant.plant_maintenance,
    "crawler-burst": occasions.crawler_burst,
}
"""An ordinary week."""
TWINS: Mapping[str, Activity] = {
    "patch-rollout": changes.patch_rollout,
    "backup-change": changes.backup_change,
    "new-admin": changes.new_admin,
    "holiday": changes.holiday,
    "network-migration": changes.network_migration,
    "penetration-test": changes.penetration_test,
    "misfiring-rule": changes.misfiring_rule,
    "plant-backup": plant.plant_backup,
    "model-release": ai_training.model_release,
}
"""Changes that look like an intrusion."""
BENIGN: Mapping[str, Activity] = {**ROUTINE, **TWINS}
