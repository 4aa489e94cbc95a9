"""Processes on the company's hosts, as far as alerts tell of them."""

import hashlib
from typing import NamedTuple


class Process(NamedTuple):
    """A running program and its parent."""

    name: str
    executable: str
    command_line: str
    pid: int
    entity_id: str
    """The same in every alert about this process."""
    parent: "Process | None" = None

    @property
    def sha256(self) -> str:
        """Hash of the program file: the same program has the same hash everywhere."""
        return hashlib.sha256(self.executable.lower().encode()).hexdigest()


_FOLDERS = {
    "powershell.exe": r"C:\Windows\System32\WindowsPowerShell\v1.0",
    "winword.exe": r"C:\Program Files\Microsoft Office\root\Office16",
    "outlook.exe": r"C:\Program Files\Microsoft Office\root\Office16",
    "explorer.exe": r"C:\Windows",
    "chrome.exe": r"C:\Program Files\Google\Chrome\Application",
}


def image_of(command_line: str, os: str) -> tuple[str, str]:
    """Return name and full path of the program that a command line starts."""
    quoted = command_line.startswith('"')
    word = command_line.split('"')[1] if quoted else command_line.split(" ", maxsplit=1)[0]
    if os != "windows":
        name = word.rpartition("/")[2]
        return name, word if "/" in word else f"/usr/bin/{word}"
    name = word.rpartition("\\")[2]
    folder = _FOLDERS.get(name.lower(), r"C:\Windows\System32")
    return name, word if "\\" in word else f"{folder}\\{name}"
