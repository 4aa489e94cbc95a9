"""The techniques that this company's detectors name, and how an Elastic rule spells them."""

from typing import Any

TACTICS = {
    "reconnaissance": ("TA0043", "Reconnaissance"),
    "initial-access": ("TA0001", "Initial Access"),
    "execution": ("TA0002", "Execution"),
    "persistence": ("TA0003", "Persistence"),
    "privilege-escalation": ("TA0004", "Privilege Escalation"),
    "defense-evasion": ("TA0005", "Defense Evasion"),
    "credential-access": ("TA0006", "Credential Access"),
    "discovery": ("TA0007", "Discovery"),
    "lateral-movement": ("TA0008", "Lateral Movement"),
    "collection": ("TA0009", "Collection"),
    "command-and-control": ("TA0011", "Command and Control"),
    "exfiltration": ("TA0010", "Exfiltration"),
    "impact": ("TA0040", "Impact"),
}

TECHNIQUES = {
    "T1003.001": ("LSASS Memory", "credential-access"),
    "T1003.003": ("NTDS", "credential-access"),
    "T1021.001": ("Remote Desktop Protocol", "lateral-movement"),
    "T1021.002": ("SMB/Windows Admin Shares", "lateral-movement"),
    "T1021.004": ("SSH", "lateral-movement"),
    "T1021.006": ("Windows Remote Management", "lateral-movement"),
    "T1027": ("Obfuscated Files or Information", "defense-evasion"),
    "T1041": ("Exfiltration Over C2 Channel", "exfiltration"),
    "T1046": ("Network Service Discovery", "discovery"),
    "T1048": ("Exfiltration Over Alternative Protocol", "exfiltration"),
    "T1053.005": ("Scheduled Task", "persistence"),
    "T1059.001": ("PowerShell", "execution"),
    "T1059.004": ("Unix Shell", "execution"),
    "T1071.001": ("Web Protocols", "command-and-control"),
    "T1078": ("Valid Accounts", "initial-access"),
    "T1078.004": ("Cloud Accounts", "initial-access"),
    "T1083": ("File and Directory Discovery", "discovery"),
    "T1087.002": ("Domain Account", "discovery"),
    "T1098": ("Account Manipulation", "persistence"),
    "T1098.005": ("Device Registration", "persistence"),
    "T1105": ("Ingress Tool Transfer", "command-and-control"),
    "T1110.001": ("Password Guessing", "credential-access"),
    "T1110.003": ("Password Spraying", "credential-access"),
    "T1114.003": ("Email Forwarding Rule", "collection"),
    "T1133": ("External Remote Services", "initial-access"),
    "T1136.002": ("Domain Account", "persistence"),
    "T1195.002": ("Compromise Software Supply Chain", "initial-access"),
    "T1204.002": ("Malicious File", "execution"),
    "T1486": ("Data Encrypted for Impact", "impact"),
    "T1489": ("Service Stop", "impact"),
    "T1490": ("Inhibit System Recovery", "impact"),
    "T1547.001": ("Registry Run Keys / Startup Folder", "persistence"),
    "T1548.003": ("Sudo and Sudo Caching", "privilege-escalation"),
    "T1552.001": ("Credentials In Files", "credential-access"),
    "T1560.001": ("Archive via Utility", "collection"),
    "T1562.001": ("Disable or Modify Tools", "defense-evasion"),
    "T1566.001": ("Spearphishing Attachment", "initial-access"),
    "T1566.002": ("Spearphishing Link", "initial-access"),
    "T1567.002": ("Exfiltration to Cloud Storage", "exfiltration"),
    "T1569.002": ("Service Execution", "execution"),
    "T1595.003": ("Wordlist Scanning", "reconnaissance"),
    "T1621": ("Multi-Factor Authentication Request Generation", "credential-access"),
    "T0801": ("Monitor Process State", "collection"),
    "T0836": ("Modify Parameter", "impair-process-control"),
    "T0843": ("Program Download", "lateral-movement"),
    "T0845": ("Program Upload", "collection"),
    "T0846": ("Remote System Discovery", "discovery"),
    "T0855": ("Unauthorized Command Message", "impair-process-control"),
    "T0858": ("Change Operating Mode", "execution"),
    "T0878": ("Alarm Suppression", "inhibit-response-function"),
    "T0886": ("Remote Services", "lateral-movement"),
    "T0888": ("Remote System Information Discovery", "discovery"),
    "AML.T0020": ("Poison Training Data", "persistence"),
    "AML.T0024.002": ("Extract AI Model", "exfiltration"),
    "AML.T0025": ("Exfiltration via Cyber Means", "exfiltration"),
    "AML.T0034": ("Cost Harvesting", "impact"),
    "AML.T0035": ("AI Artifact Collection", "collection"),
    "AML.T0040": ("AI Model Inference API Access", "ai-model-access"),
    "AML.T0051.000": ("Direct", "execution"),
    "AML.T0051.001": ("Indirect", "execution"),
    "AML.T0053": ("AI Agent Tool Invocation", "execution"),
    "AML.T0054": ("LLM Jailbreak", "defense-evasion"),
    "AML.T0056": ("Extract LLM System Prompt", "exfiltration"),
    "AML.T0057": ("LLM Data Leakage", "exfiltration"),
    "AML.T0086": ("Exfiltration via AI Agent Tool Invocation", "exfiltration"),
    "AML.T0059": ("Erode Dataset Integrity", "impact"),
}


PARENTS = {
    "T1003": "OS Credential Dumping",
    "T1021": "Remote Services",
    "T1053": "Scheduled Task/Job",
    "T1059": "Command and Scripting Interpreter",
    "T1071": "Application Layer Protocol",
    "T1078": "Valid Accounts",
    "T1087": "Account Discovery",
    "T1098": "Account Manipulation",
    "T1110": "Brute Force",
    "T1114": "Email Collection",
    "T1136": "Create Account",
    "T1195": "Supply Chain Compromise",
    "T1204": "User Execution",
    "T1547": "Boot or Logon Autostart Execution",
    "T1548": "Abuse Elevation Control Mechanism",
    "T1552": "Unsecured Credentials",
    "T1560": "Archive Collected Data",
    "T1562": "Impair Defenses",
    "T1566": "Phishing",
    "T1567": "Exfiltration Over Web Service",
    "T1569": "System Services",
    "T1595": "Active Scanning",
}


def rule_threat(techniques: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return enterprise techniques as ``kibana.alert.rule.threat`` has them: one entry per technique."""
    return [_entry(t) for t in techniques]


def _entry(technique: str) -> dict[str, Any]:
    name, tactic = TECHNIQUES[technique]
    number, label = TACTICS[tactic]
    parent, _, child = technique.partition(".")
    sub = [{"id": technique, "name": name, "reference": _link(technique)}] if child else []
    return {
        "framework": "MITRE ATT&CK",
        "tactic": {"id": number, "name": label, "reference": f"https://attack.mitre.org/tactics/{number}/"},
        "technique": [
            {"id": parent, "name": PARENTS.get(parent, name), "reference": _link(parent), "subtechnique": sub}
        ],
    }


def _link(technique: str) -> str:
    return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"
