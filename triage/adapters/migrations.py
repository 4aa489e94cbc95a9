"""The schema of the state database and how older versions become the newest one.

Migrations are applied in order, each in one transaction with the version it leads to. A database written by a newer
program is refused: guessing at its meaning could lose alerts.
"""

import sqlite3
from importlib.resources import files
from pathlib import Path

from triage.errors import StateError

BUSY_MILLISECONDS = 10_000


def _scripts() -> tuple[str, ...]:
    folder = files("triage.adapters") / "schema"
    scripts = sorted((one for one in folder.iterdir() if one.name.endswith(".sql")), key=lambda one: one.name)
    return tuple(one.read_text(encoding="utf-8") for one in scripts)


MIGRATIONS: tuple[str, ...] = _scripts()
"""Script ``n`` of ``schema/`` leads from schema version n - 1 to n. Published scripts are never edited."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the state database for one writer and many readers, brought to the newest schema.

    The connection is in autocommit mode: transactions are begun explicitly. Raises StateError, sqlite3.Error.
    """
    path.touch(mode=0o600, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply what is missing; two processes may come here at once, so the version is read again under the lock."""
    while (found := _version(connection)) != len(MIGRATIONS):
        if found > len(MIGRATIONS):
            raise StateError(
                f"{path} has schema version {found}, this program knows {len(MIGRATIONS)}: install the newer version"
            )
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) == found:
                _apply(connection, found)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _apply(connection: sqlite3.Connection, version: int) -> None:
    """Run one script statement by statement: ``executescript`` would commit the transaction in between."""
    statement = ""
    for line in MIGRATIONS[version].splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    connection.execute(f"PRAGMA user_version = {version + 1}")
