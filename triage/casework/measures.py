"""What can be done about an incident: measures by the entity they stop, and those for every incident or AI model.

A measure is words for a person, not a program: only a connector that a team configured by the measure's exact name
ever carries one out, after approval. Phases after NIST SP 800-61. What the behaviour asks for is in
``triage.casework.countermeasures``.
"""

from typing import Literal, NamedTuple

from triage.models import EntityKind

Phase = Literal["containment", "investigation", "eradication", "recovery"]
Role = Literal["analyst", "lead", "admin"]
PHASES: tuple[Phase, ...] = ("containment", "investigation", "eradication", "recovery")


class Measure(NamedTuple):
    """One kind of step."""

    name: str
    """Exact name, as connectors are configured with it."""
    phase: Phase
    action: str
    """With a placeholder for what it is done to."""
    reason: str
    role: Role = "analyst"
    reversal: str = ""
    about: tuple[EntityKind, ...] = ()
    """Kinds it is done to, the best first; the main entity of the incident where it names none of them."""
    several: bool = False
    """One step names several entities of a kind; else it is about one."""


HOSTS = (EntityKind.HOST, EntityKind.DEVICE, EntityKind.CLOUD, EntityKind.SERVICE)
PEOPLE = (EntityKind.USER, EntityKind.MAILBOX, EntityKind.CLOUD)
DESTINATIONS = (EntityKind.DOMAIN, EntityKind.ADDRESS, EntityKind.URL)
PLANT = (EntityKind.DEVICE,)
MODELS = (EntityKind.MODEL, EntityKind.SERVICE)

CONTAIN: dict[EntityKind, Measure] = {
    EntityKind.HOST: Measure(
        "isolate_host",
        "containment",
        "Isolate host {} from the network",
        "it carries the activity",
        "lead",
        "Release {} from isolation",
    ),
    EntityKind.USER: Measure(
        "suspend_user",
        "containment",
        "End the sessions of {} and suspend the account",
        "it acts in the incident",
        "lead",
        "Re-enable {}",
    ),
    EntityKind.MODEL: Measure(
        "suspend_model",
        "containment",
        "Suspend the tools and keys that {} may use, and route its users to the last clean version",
        "AI model of the incident",
        "lead",
        "Give {} back its tools and traffic",
    ),
    EntityKind.DEVICE: Measure(
        "restrict_device",
        "containment",
        "Agree with plant operations how to cut remote access to {} without stopping the process",
        "an OT device must not be isolated on its own",
        "admin",
        "Restore remote access to {}",
    ),
    EntityKind.CLOUD: Measure(
        "revoke_cloud_access",
        "containment",
        "Revoke sessions and keys of {} and snapshot it",
        "cloud resource of the incident",
        "lead",
        "Issue new keys for {}",
    ),
    EntityKind.ADDRESS: Measure(
        "block_address",
        "containment",
        "Block {} at the perimeter",
        "public address of the incident",
        "lead",
        "Remove the block of {}",
    ),
    EntityKind.DOMAIN: Measure(
        "block_domain",
        "containment",
        "Block {} in DNS and proxy",
        "contacted in the incident",
        "lead",
        "Remove the block of {}",
    ),
    EntityKind.URL: Measure(
        "block_url",
        "containment",
        "Block {} in the proxy",
        "visited in the incident",
        "lead",
        "Remove the block of {}",
    ),
    EntityKind.HASH: Measure(
        "block_hash",
        "containment",
        "Block execution of {} on all endpoints",
        "file of the incident",
        "lead",
        "Remove the block of {}",
    ),
    EntityKind.MAILBOX: Measure(
        "quarantine_messages",
        "containment",
        "Withdraw the messages of the incident from {} and end its sessions",
        "mailbox of the incident",
        "lead",
        "Restore the messages to {}",
    ),
    EntityKind.SERVICE: Measure(
        "restrict_service",
        "containment",
        "Stop service {} where the incident installed it, else restrict who can reach it",
        "it is used in the incident",
        "lead",
        "Start {} again and reopen it",
    ),
}
"""What stops an entity, by its kind; what is worth most comes first."""

BLOCK_SENDER = Measure(
    "block_sender",
    "containment",
    "Block the sender {} and withdraw its messages from all mailboxes",
    "outside mailbox of the incident",
    "lead",
    "Remove the block of {} and restore the messages",
)
"""For a mailbox that is not ours."""

ALWAYS: tuple[Measure, ...] = (
    Measure(
        "ask_owner", "investigation", "Ask the owner of {} whether this was planned", "rules out the harmless reading"
    ),
    Measure(
        "clean_asset",
        "eradication",
        "Take an image of {}, then remove what is shown to be the attacker's; rebuild it where that is in doubt",
        "nothing may stay",
        "lead",
        "Restore {} from the image",
        about=HOSTS,
    ),
    Measure(
        "return_to_service",
        "recovery",
        "Return {} to service and watch it for the same rules",
        "proves the incident over",
        "lead",
        "Take {} out of service again",
        about=HOSTS,
    ),
)

REVIEW = Measure(
    "review",
    "investigation",
    "Confirm the harmless reading for {}; where it recurs, draft an exception with 'triage suppress'",
    "judged benign",
)

FOR_MODELS: tuple[Measure, ...] = (
    Measure(
        "review_prompts",
        "investigation",
        "Review prompt, inference and tool-call logs of {} for what it was told and what it did",
        "AI model of the incident",
        about=MODELS,
    ),
    Measure(
        "verify_training_data",
        "investigation",
        "Verify data, index and weights of {} against their signed versions",
        "a poisoned model looks healthy",
        about=MODELS,
    ),
    Measure(
        "rotate_model_keys",
        "eradication",
        "Rotate every key and token that {} holds or that reaches it",
        "keys may have been read through it",
        "lead",
        "Issue new keys for {}; the old ones stay void",
        about=MODELS,
    ),
    Measure(
        "roll_back_model",
        "eradication",
        "Roll {} back to the last model and index version that was verified clean",
        "its answers cannot be trusted",
        "lead",
        "Bring the present version of {} back from the registry",
        about=MODELS,
    ),
    Measure(
        "retrain_model",
        "recovery",
        "Retrain or re-index {} from verified data, and test it before it serves again",
        "what was poisoned stays poisoned",
        "admin",
        "Keep {} on the rolled-back version",
        about=MODELS,
    ),
)
"""For incidents that name an AI model."""
