"""``triage model``: what language model is configured, and whether it is fit."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.app import Exit
from triage.cli.common import console, load, print_json, safe, with_json
from triage.errors import UsageError

if TYPE_CHECKING:
    from triage.advisor.fitness import Fitness
    from triage.config import ModelSettings

_CONFIG = click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="Use this triage.toml.")


@click.group("model")
def model_command() -> None:
    """Show or test the language model of the configuration. Without one, everything works just the same.

    Both print JSON with --json.
    """


@model_command.command("show")
@_CONFIG
@with_json
def show_command(config: Path | None, as_json: bool) -> None:
    """Show the model, its budgets, what is sent to it, and which providers are installed."""
    settings = load(config, {}).settings.model
    told = _told(settings)
    if as_json:
        print_json(told)
        return
    screen = console()
    for name, value in told.items():
        screen.print(safe(f"{name:<12} {value}", 600))


def _told(settings: "ModelSettings") -> dict[str, Any]:
    from triage.adapters.models.providers import PROVIDERS, installed
    from triage.advisor.names import rules_of
    from triage.advisor.prompts import QUESTIONS, template

    rules = rules_of(settings)
    kinds = {what: sorted(k for k, v in rules.policy.items() if v == what) for what in ("pseudonymise", "withhold")}
    sent = "; ".join(f"{what} {', '.join(names)}" for what, names in kinds.items() if names)
    return {
        "model": settings.name or "none; set model.name in triage.toml, e.g. openai:gpt-5-mini",
        "server": settings.base_url or "the provider's own",
        "key": "set" if settings.api_key.get_secret_value() else "not set (TRIAGE_MODEL__API_KEY)",
        "fallbacks": ", ".join(settings.fallbacks) or "none",
        "names": f"{sent}; everything else is sent" if sent else "all are sent as they are",
        "budgets": f"{settings.incident_tokens:,} tokens per shown incident, {settings.run_tokens:,} per run",
        "prompts": ", ".join(f"{name} v{template(name).version}" for name in QUESTIONS),
        "providers": ", ".join(f"{n}{'' if installed(n) else ' (not installed)'}" for n in sorted(PROVIDERS)),
    }


@model_command.command("test")
@_CONFIG
@with_json
def test_command(config: Path | None, as_json: bool) -> int:
    """Ask the model fixed questions and say whether it is fit: full, narrative only, or unfit (exit code 1)."""
    from triage.adapters.models import connect_model
    from triage.advisor.fitness import fitness

    settings = load(config, {}).settings.model
    if not settings.name:
        raise UsageError("no model is configured; set model.name in triage.toml, e.g. openai:gpt-5-mini")
    found = fitness(connect_model(settings), settings.answer_tokens)
    if as_json:
        print_json(found._asdict() | {"scores": [score._asdict() | {"passed": score.passed} for score in found.scores]})
    else:
        _print(settings.name, found)
    return Exit.FAILED if found.verdict == "unfit" else Exit.DONE


def _print(name: str, found: "Fitness") -> None:
    screen = console()
    screen.print(safe(f"{name}: {found.verdict}", 300, "bold"))
    for score in found.scores:
        mark = "ok  " if score.passed else "FAIL"
        screen.print(safe(f"{mark} {score.good:>3} of {score.total:<3} {score.name} ({score.needed:.0%} needed)"))
    for problem in found.problems[:10]:
        screen.print(safe(f"     {problem}", 300, "dim"))
    screen.print(f"{found.tokens:,} tokens, {found.seconds:.1f} s")
