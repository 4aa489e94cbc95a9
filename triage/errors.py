"""Every error this program raises on purpose.

    TriageError
    ├── UsageError            the command line or a value given by the user is wrong (exit 2)
    │   └── ConfigError       a key or value of the configuration is wrong; names the key and its origin
    ├── SourceError           alerts could not be read, and trying again will not help
    │   ├── SourceAuthError   401/403: credentials or privileges
    │   └── SourceMissing     404: no such index, file or host
    ├── SourceUnavailable     a source failed after all retries; what was read is kept, the run is incomplete
    ├── StateError            the state database cannot be opened, migrated or written
    ├── ToolError             an investigation tool could not answer; told to the investigator, which goes on
    └── ModelError            the language model gave no usable answer; the triage goes on without it

Foreign exceptions are translated once, at the edge where they arise, with ``raise ... from exc``.
A message says what happened and what to do, and never carries a secret.
"""


class TriageError(Exception):
    """Base of all errors raised on purpose; ``str(error)`` is fit for a user's eyes."""


class UsageError(TriageError):
    """The user asked for something that cannot be done as asked."""


class ConfigError(UsageError):
    """A configuration key is unknown or its value has the wrong type or range."""


class SourceError(TriageError):
    """A source refused for good (bad mapping, bad query, protocol)."""


class SourceAuthError(SourceError):
    """Credentials are missing, wrong, or lack a privilege."""


class SourceMissing(SourceError):
    """The index, file or host does not exist."""


class SourceUnavailable(TriageError):
    """A source kept failing after all retries; the run goes on and is marked incomplete."""


class StateError(TriageError):
    """The state database is unusable: locked, damaged, too new, or the disk is full."""


class ToolError(TriageError):
    """An investigation tool failed in a way the investigator can live with."""


class ModelError(TriageError):
    """The language model did not answer, or not usably; the deterministic result stands."""
