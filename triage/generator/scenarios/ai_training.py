"""What can be done to models before they are served, and by way of what they read; and the releases that look alike."""

from collections.abc import Iterator

from triage.generator.company import Company
from triage.generator.detectors.ai import Caller, Guard, ai_alert, caller
from triage.generator.detectors.mail import Letter, Verdict, mail_alert
from triage.generator.detectors.suricata import Signature, eve_alert, tls
from triage.generator.detectors.wazuh import WazuhRule, wazuh_alert
from triage.generator.events import Alert, Step
from triage.generator.stage import Stage

DATASET = Guard("Training data changed outside of the pipeline", 47, "dataset_write", "AML.T0020")
LABELS = Guard("Label distribution of training data shifted", 47, "dataset_write", "AML.T0059")
TRIGGER = Guard("Rare token pattern in new training records", 73, "dataset_write", "AML.T0020")
RELEASE = Guard("Model version promoted", 21, "deploy")
DRIFT = Guard("Answers of new model version drift from reference", 47, "evaluate", "AML.T0059")
EXPORT = Guard("Model weights exported", 73, "export", "AML.T0025")
QUERIES = Guard("Systematic queries over the input space", 47, "chat", "AML.T0024.002")
INDIRECT = Guard("Instruction in retrieved document", 73, "chat", "AML.T0051.001", "allowed")
MAIL_TOOL = Guard("Tool call with data for an outside recipient", 73, "execute_tool", "AML.T0086")
LOGIN = WazuhRule("5715", 3, "sshd: authentication success", ("sshd", "authentication_success"), ("T1021.004",), "sshd")
HIDDEN = Verdict("Invisible text in message body", 21, "delivered")
WEBHOOK = Signature("Post to unknown webhook", "Potential Corporate Privacy Violation", 2, "tls")


def data_poisoning(stage: Stage) -> Iterator[Step]:
    """Over days, records slip into a data set from a researcher's account, until a poisoned version is served."""
    company, pace, place = stage.company, stage.pace(hours=90, hour=20), stage.stranger()
    user, model, host = stage.pick(company.staff("research")), company.models[1], company.server("ai-platform")
    who, data = caller(user, place), {"srcip": place.ip, "dstuser": user.name}
    line = f"Accepted publickey for {user.name} from {place.ip}"
    yield Step("initial-access", wazuh_alert(pace.after(20), LOGIN, host, line, data))
    for n in range(6):
        guard = TRIGGER if n % 3 == 2 else DATASET
        text = f"{user.name} wrote {stage.rng.randint(40, 400)} records into the training data of {model.name}"
        yield Step(
            "persistence", ai_alert(pace.after(400), guard, company, model, who, text, dataset=f"{model.name}-train")
        )
    text = f"Share of one label in the training data of {model.name} rose by {stage.rng.randint(4, 9)} %"
    yield Step("impact", ai_alert(pace.after(60), LABELS, company, model, who, text, dataset=f"{model.name}-train"))
    text = f"{user.name} promoted a new version of {model.name}"
    yield Step("persistence", ai_alert(pace.after(600), RELEASE, company, model, who, text))
    for _ in range(2):
        text = f"Answers of {model.name} differ from the reference on {stage.rng.randint(11, 19)} % of cases"
        yield Step("impact", ai_alert(pace.after(300), DRIFT, company, model, who, text))


def model_extraction(stage: Stage) -> Iterator[Step]:
    """A bought customer key asks systematically, over days, until a copy can be trained from the answers."""
    company, pace, place = stage.company, stage.pace(hours=70, hour=1), stage.stranger()
    model = company.models[3 % len(company.models)]
    who = Caller("customer-4417", f"api@customer-{place.asn}.example", "aik-customer-4417", place)
    for n in range(12):
        text = f"{who.name} sent {stage.rng.randint(20, 60)}00 evenly spread requests to {model.name} in an hour"
        yield Step(
            "exfiltration", ai_alert(pace.after(240), QUERIES, company, model, who, text, requests=2000 + 100 * n)
        )


def assistant_hijack(stage: Stage) -> Iterator[Step]:
    """A message with hidden instructions; the assistant that summarises the mailbox obeys and sends data out."""
    company, pace, place = stage.company, stage.pace(hours=14, hour=8, workday=True), stage.stranger()
    user, model = stage.pick(company.staff("sales")), company.models[0]
    who = caller(user, company.egress)
    letter = Letter("service@travel-desk.example", "Your itinerary", place.ip)
    yield Step("initial-access", mail_alert(pace.after(10), HIDDEN, letter, company, user))
    for n in range(4):
        told = f"A document that {model.name} read for {user.name} contains instructions"
        yield Step(
            "execution", ai_alert(pace.after(30), INDIRECT, company, model, who, told, document=letter.message_id)
        )
        told = f"{model.name} called mail.send for {user.name} with an outside recipient"
        yield Step(
            "exfiltration", ai_alert(pace.after(2), MAIL_TOOL, company, model, who, told, tool="mail.send", call=n)
        )
    layer = tls("collect.travel-desk.example")
    host = company.server("ai-platform")
    yield Step("exfiltration", eve_alert(pace.after(8), WEBHOOK, host.ip, place.ip, 443, tls=layer))


def model_release(stage: Stage) -> Iterator[Alert]:
    """Every fifth day the release account writes data, exports weights to staging and promotes a version."""
    if stage.day % 5 != stage.habit().randrange(5):
        return
    company = stage.company
    model, who = stage.habit().choice(company.models), _releaser(company)
    for guard, hour, text in (
        (DATASET, 10.0, f"{who.name} wrote 12000 records into the training data of {model.name}"),
        (EXPORT, 13.5, f"{who.name} exported weights of {model.name} (7000000000 bytes)"),
        (RELEASE, 14.0, f"{who.name} promoted a new version of {model.name}"),
        (DRIFT, 15.0, f"Answers of {model.name} differ from the reference on 3 % of cases"),
    ):
        yield ai_alert(stage.today(hour, 10), guard, company, model, who, text)


def _releaser(company: Company) -> Caller:
    place = company.egress._replace(ip=company.server("build-server").ip)
    return Caller("svc-model-release", f"svc-model-release@{company.domain}", "aik-model-release", place)
