"""AWS GuardDuty findings through the Elastic integration: lists where other products have scalars."""

from typing import NamedTuple

from triage.generator.company import CloudAccount, Place
from triage.generator.detectors.shapes import as_of, ecs_alert, geo_of, iso
from triage.generator.events import Alert, Document, Moment


class Finding(NamedTuple):
    """A type of finding."""

    type: str
    """Purpose:Resource/Behaviour; the tactic is the part before the colon."""
    severity: int
    """1-10."""
    title: str
    """Own words; ``{user}`` and ``{ip}`` are filled in."""
    api: str = ""
    """AWS API call, for AWS_API_CALL actions."""
    service: str = "s3.amazonaws.com"


class Key(NamedTuple):
    """An access key in use."""

    id: str
    principal: str
    user: str
    kind: str = "IAMUser"


def key_finding(
    moment: Moment, finding: Finding, cloud: CloudAccount, key: Key, place: Place, bucket: str = ""
) -> Alert:
    """Return a finding about the use of an access key from an address, on a bucket where one is given."""
    resource: Document = {
        "type": "S3Bucket" if bucket else "AccessKey",
        "access_key_details": {
            "accesskey_id": key.id,
            "principal_id": key.principal,
            "user": {"name": key.user, "type": key.kind},
        },
        "s3_bucket_details": [{"name": bucket, "arn": f"arn:aws:s3:::{bucket}", "type": "Destination"}]
        if bucket
        else None,
    }
    action: Document = {
        "type": "AWS_API_CALL",
        "aws_api_call_action": {
            "api": finding.api,
            "service_name": finding.service,
            "caller_type": "Remote IP",
            "remote_ip_details": _remote(place),
        },
    }
    text = finding.title.format(user=key.user, ip=place.ip)
    body = _body(moment, finding, cloud, resource, action, text)
    body["source"] = {
        "address": [place.ip],
        "ip": [place.ip],
        "as": {"number": [place.asn], "organization": {"name": [place.provider]}},
        "geo": {"country_name": [place.country], "city_name": [place.city]},
    }
    body["user"] = {"id": [key.principal], "name": [key.user]}
    body["related"] = {"ip": [place.ip], "user": [key.principal, key.user]}
    return ecs_alert(moment, "aws.guardduty", body)


def instance_finding(moment: Moment, finding: Finding, cloud: CloudAccount, instance: str, place: Place) -> Alert:
    """Return a finding about network traffic of an instance."""
    resource: Document = {"type": "Instance", "instance_details": {"instance": {"id": instance, "type": "m6i.large"}}}
    action: Document = {
        "type": "NETWORK_CONNECTION",
        "network_connection_action": {"connection_direction": "INBOUND", "remote_ip_details": _remote(place)},
    }
    body = _body(moment, finding, cloud, resource, action, finding.title.format(user=instance, ip=place.ip))
    body["source"] = {"address": [place.ip], "ip": [place.ip]}
    body["cloud"]["instance"] = {"id": instance}
    body["related"] = {"ip": [place.ip]}
    return ecs_alert(moment, "aws.guardduty", body)


def _body(
    moment: Moment, finding: Finding, cloud: CloudAccount, resource: Document, action: Document, text: str
) -> Document:
    number = moment.uid[:32]
    arn = f"arn:aws:guardduty:{cloud.region}:{cloud.id}:detector/{cloud.detector}/finding/{number}"
    stamp = iso(moment.at)
    word = "High" if finding.severity >= 7 else "Medium" if finding.severity >= 4 else "Low"
    return {
        "aws": {
            "guardduty": {
                "account_id": cloud.id,
                "arn": arn,
                "created_at": stamp,
                "updated_at": stamp,
                "description": text,
                "id": number,
                "partition": "aws",
                "region": cloud.region,
                "resource": resource,
                "schema_version": "2.0",
                "service": _service(cloud, action, stamp),
                "severity": {"code": finding.severity, "value": word},
                "title": text,
                "type": finding.type,
            }
        },
        "cloud": {
            "account": {"id": cloud.id},
            "provider": "aws",
            "region": cloud.region,
            "service": {"name": "guardduty"},
        },
        "event": _event(finding, action, number, stamp),
        "message": text,
        "rule": {
            "category": finding.type.split(":")[0],
            "name": finding.type,
            "ruleset": finding.type.split("/")[0],
        },
    }


def _service(cloud: CloudAccount, action: Document, stamp: str) -> Document:
    return {
        "action": action,
        "archived": False,
        "count": 1,
        "detector_id": cloud.detector,
        "event": {"first_seen": stamp, "last_seen": stamp},
        "resource_role": "TARGET",
        "service_name": "guardduty",
    }


def _event(finding: Finding, action: Document, number: str, stamp: str) -> Document:
    return {
        "action": action["type"],
        "created": stamp,
        "dataset": "aws.guardduty",
        "start": stamp,
        "end": stamp,
        "id": number,
        "kind": ["event"],
        "severity": finding.severity,
        "type": ["info"],
    }


def _remote(place: Place) -> Document:
    return {
        "ip_address_v4": place.ip,
        "city": {"name": place.city},
        "country": {"name": geo_of(place)["country_name"]},
        "organization": {"asn": str(place.asn), "asnorg": as_of(place)["organization"]["name"]},
    }
