"""What was done to an incident's entities, and so what is to be done about it.

Triggers are tactics, or ATT&CK (Enterprise, ICS) and ATLAS ids; a sub-technique without an entry takes its parent's.
"""

from triage.casework.measures import (
    ALWAYS,
    BLOCK_SENDER,
    CONTAIN,
    DESTINATIONS,
    FOR_MODELS,
    HOSTS,
    PEOPLE,
    PLANT,
    REVIEW,
    Measure,
)
from triage.models import EntityKind

BY_BEHAVIOUR: dict[str, tuple[Measure, ...]] = {
    # --- tactics ---
    "initial-access": (
        Measure(
            "find_entry",
            "investigation",
            "Find how {} was reached, and whether others were reached the same way",
            "the way in is still open",
            about=HOSTS,
        ),
        Measure(
            "close_entry",
            "eradication",
            "Close the way in that was used against {}",
            "the way in is still open",
            "lead",
            "Open it again for {} once it is safe",
        ),
    ),
    "execution": (
        Measure(
            "collect_execution",
            "investigation",
            "Collect process tree, scripts and command lines from {}",
            "code ran",
            about=HOSTS,
        ),
    ),
    "persistence": (
        Measure(
            "list_persistence",
            "investigation",
            "List services, scheduled tasks, run keys and new accounts of {}",
            "it may come back",
            about=HOSTS,
        ),
        Measure(
            "remove_persistence",
            "eradication",
            "Remove from {} the persistence that was set up and every account it created",
            "it may come back",
            "lead",
            "Restore the removed entries of {} from their export",
            about=HOSTS,
        ),
    ),
    "privilege-escalation": (
        Measure(
            "check_privileges",
            "investigation",
            "Check what was done with the higher rights on {}",
            "rights were raised",
            about=HOSTS,
        ),
    ),
    "defense-evasion": (
        Measure(
            "verify_sensors",
            "investigation",
            "Verify that sensors and logs of {} are complete",
            "defences were evaded",
            about=HOSTS,
        ),
    ),
    "credential-access": (
        Measure(
            "check_logons",
            "investigation",
            "Check logons with every credential that {} held or received",
            "credentials at risk",
            about=HOSTS,
        ),
        Measure(
            "reset_credentials",
            "eradication",
            "Reset passwords, tokens and keys of {} and of every account that was used on the same hosts",
            "credentials at risk",
            "lead",
            "Hand out new credentials for {}; the old ones stay void",
            about=PEOPLE,
        ),
    ),
    "discovery": (
        Measure("scope_discovery", "investigation", "List what {} asked about and learned", "it looked round"),
    ),
    "lateral-movement": (
        Measure(
            "follow_sessions",
            "investigation",
            "Examine every host that {} opened sessions to",
            "it moved on",
            about=(*PEOPLE, *HOSTS),
        ),
    ),
    "command-and-control": (
        Measure(
            "search_destinations",
            "investigation",
            "Search all hosts for connections to {}",
            "others may be controlled the same way",
            about=DESTINATIONS,
            several=True,
        ),
    ),
    "exfiltration": (
        Measure(
            "measure_loss",
            "investigation",
            "Establish which data left {}, how much and to where",
            "data may have left",
            about=HOSTS,
        ),
        Measure(
            "inform_owner",
            "recovery",
            "Inform the owner of the data of {} and the data protection officer",
            "deadlines for notice run from now",
            "lead",
            "Not possible: what was said about {} stays said",
            about=HOSTS,
        ),
    ),
    "impact": (
        Measure(
            "restore_backup",
            "recovery",
            "Check what was stopped, changed or deleted on {}; restore that from a backup made before the first alert",
            "an impact is reported, its extent is not known",
            "lead",
            "Return {} to its present state from an image taken before",
            about=HOSTS,
        ),
    ),
    "inhibit-response-function": (
        Measure(
            "verify_safety",
            "investigation",
            "Have plant operations verify alarms and safety functions of {} on site",
            "what the console shows may be wrong",
            "lead",
            about=PLANT,
            several=True,
        ),
    ),
    "impair-process-control": (
        Measure(
            "compare_setpoints",
            "recovery",
            "Compare set points and logic of {} with the released version",
            "the process was changed",
            "admin",
            "Load the values that {} has now, exported before",
            about=PLANT,
            several=True,
        ),
    ),
    # --- techniques ---
    "T1003": (
        Measure(
            "reset_credentials",
            "eradication",
            "Reset passwords of {} and of every account that was logged on to the same hosts",
            "credentials were read from memory or disk",
            "lead",
            "Hand out new credentials for {}; the old ones stay void",
            about=PEOPLE,
        ),
    ),
    "T1003.006": (
        Measure(
            "reset_krbtgt",
            "eradication",
            "Reset the krbtgt account of the domain of {} twice, with a full replication in between",
            "secrets of the domain were replicated, so tickets can be forged",
            "admin",
            "Not possible: old tickets of the domain of {} stay void",
            about=HOSTS,
        ),
        Measure(
            "reset_credentials",
            "eradication",
            "Reset passwords of {} and of every privileged account of its domain",
            "secrets of the domain were replicated",
            "admin",
            "Hand out new credentials for {}; the old ones stay void",
            about=PEOPLE,
        ),
    ),
    "T1053": (
        Measure(
            "remove_persistence",
            "eradication",
            "Export and delete the scheduled tasks that were created on {}",
            "a scheduled task starts it again",
            "lead",
            "Import the exported tasks of {} again",
            about=HOSTS,
        ),
    ),
    "T1078": (
        Measure(
            "review_account",
            "investigation",
            "Review logons, rights, tokens and second factors of {} since the first alert",
            "a valid account was used",
            about=PEOPLE,
            several=True,
        ),
    ),
    "T1110": (
        Measure(
            "review_account",
            "investigation",
            "Check which guesses against {} succeeded, and from where",
            "passwords were guessed",
            about=PEOPLE,
            several=True,
        ),
    ),
    "T1190": (
        Measure(
            "close_entry",
            "eradication",
            "Patch or take offline the exposed application on {}",
            "an exposed application was attacked",
            "lead",
            "Put the application on {} online again",
            about=HOSTS,
        ),
    ),
    "T1486": (
        Measure(
            "protect_backups",
            "containment",
            "Disconnect the backups that {} can write to, and check that they can be restored",
            "files were encrypted",
            "lead",
            "Connect the backups of {} again",
            about=HOSTS,
        ),
    ),
    "T1490": (
        Measure(
            "protect_backups",
            "containment",
            "Disconnect the backups that {} can write to, and check that they can be restored",
            "recovery was sabotaged",
            "lead",
            "Connect the backups of {} again",
            about=HOSTS,
        ),
    ),
    "T1547": (
        Measure(
            "remove_persistence",
            "eradication",
            "Export and delete the autostart entries that were added on {}",
            "it starts at logon",
            "lead",
            "Import the exported entries of {} again",
            about=HOSTS,
        ),
    ),
    "T1566": (
        Measure(
            "find_recipients",
            "investigation",
            "Find everybody who received or opened the messages sent to {}",
            "it came by mail",
            about=(EntityKind.MAILBOX, EntityKind.USER),
            several=True,
        ),
        Measure(
            "close_entry",
            "eradication",
            "Withdraw the messages of the incident from {} and all other recipients",
            "it came by mail",
            "lead",
            "Restore the messages to {}",
            about=(EntityKind.MAILBOX, EntityKind.USER),
            several=True,
        ),
    ),
    "T0836": (
        Measure(
            "compare_setpoints",
            "recovery",
            "Compare the parameters of {} with the released version and set them back",
            "parameters were modified",
            "admin",
            "Load the parameters that {} has now, exported before",
            about=PLANT,
            several=True,
        ),
    ),
    "T0843": (
        Measure(
            "restore_logic",
            "recovery",
            "Compare the program of {} with the released version and load that again in a safe state",
            "a program was written to a controller",
            "admin",
            "Load the program that {} has now, uploaded before",
            about=PLANT,
            several=True,
        ),
    ),
    "T0858": (
        Measure(
            "restore_mode",
            "recovery",
            "Bring {} back to the released operating mode, with operations on site",
            "the operating mode was changed",
            "admin",
            "Bring {} back to the mode it has now",
            about=PLANT,
            several=True,
        ),
    ),
    "T0878": (
        Measure(
            "restore_alarms",
            "recovery",
            "Switch the suppressed alarms of {} on again and read what they missed",
            "alarms were suppressed",
            "admin",
            "Suppress the alarms of {} again",
            about=PLANT,
            several=True,
        ),
    ),
}
"""What each tactic or technique asks for; the step of a technique takes the place of its tactic's of the same name."""


def names() -> frozenset[str]:
    """Return the names of all measures, for the check of a connector's configuration."""
    behaviours = (measure for measures in BY_BEHAVIOUR.values() for measure in measures)
    return frozenset(m.name for m in (*CONTAIN.values(), BLOCK_SENDER, *ALWAYS, REVIEW, *behaviours, *FOR_MODELS))
