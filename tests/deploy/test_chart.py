"""The Helm chart: what it renders is valid, the service takes it, and what is wrong is refused in words."""

import itertools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rorbridge.settings import Settings, SettingsError, load
from tests.deploy.release import NEWEST, OLDEST, RefusedError, Release, notes, render, values
from tests.deploy.tools import CHECKOUT, told, tool
from tests.support.chart import ALERTS, CHART, groups, place, settings_schemas
from tests.support.kafka import Broker, Topics
from tests.support.processes import running_lookalike, running_service

FILES = ("default", "minimal", "full")
SCHEMAS = CHECKOUT / "tests" / "data" / "kubernetes"


def kubeconform(text: str, version: str) -> tuple[int, str]:
    """Read resources with kubeconform, strictly."""
    command = [tool("kubeconform"), "-strict", "-summary", "-kubernetes-version", version]
    for one in (
        "{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json",
        "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json",
    ):
        command += ["-schema-location", f"{SCHEMAS}/{one}"]
    return told([*command, "-"], text)


@pytest.mark.parametrize("name", FILES)
def test_helm_lint_finds_nothing(name: str) -> None:
    command: list[str | Path] = [
        tool("helm"),
        "lint",
        "--strict",
        "--kube-version",
        NEWEST,
        CHART,
        "--values",
        values(name),
    ]
    code, said = told(command)
    assert code == 0, said
    assert re.findall(r"\[(?:WARNING|ERROR)\].*", said) == []


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("name", FILES)
def test_kubernetes_would_take_what_is_rendered(name: str, version: str) -> None:
    release = render(values(name), kubernetes=version)
    code, said = kubeconform(release.text, version)
    assert code == 0, said
    count = len(release.resources)
    assert f"{count} resources found parsing stdin - Valid: {count}," in said


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("Deployment", "startupProbe", "startProbe"),
        ("Deployment", "maxSurge", "maxSurges"),
        ("Pod", "restartPolicy:", "restartPolice:"),
        ("NetworkPolicy", "egress:", "outgress:"),
        ("PodDisruptionBudget", "maxUnavailable: 1", "maxUnavailable: [1]"),
        ("Service", "publishNotReadyAddresses", "publishUnreadyAddresses"),
        ("ServiceAccount", "automountServiceAccountToken: false", "automountServiceAccountToken: never"),
        ("ServiceMonitor", "endpoints:", "endpoint:"),
        ("PrometheusRule", "expr:", "expression:"),
        ("ScaledObject", "maxReplicaCount:", "maxReplicas:"),
        ("KafkaTopic", "topicName:", "name:"),
    ],
)
def test_a_misspelt_field_is_found_in_each_kind(kind: str, right: str, wrong: str) -> None:
    documents = render(values("full")).text.split("\n---\n")
    [spoilt] = [one.replace(right, wrong, 1) for one in documents if f"\nkind: {kind}\n" in one and right in one][:1]
    code, said = kubeconform(spoilt, NEWEST)
    assert code == 1
    assert f"{kind} " in said
    assert "is invalid" in said


SASL = (
    "settings.kafka.security_protocol=SASL_SSL,settings.kafka.sasl_username=me,"
    "secrets.kafka.sasl_password.secret=kafka,secrets.kafka.sasl_password.key=password"
)
TOPICS = "kafkaTopics.enabled=true,kafkaTopics.cluster=kafka"

REFUSED = {
    "kafka.window=5": "at '': additional properties 'kafka' not allowed",
    "settings.kafka.windw=5": "at '/settings/kafka': additional properties 'windw' not allowed",
    "settings.kafka.window=0": "at '/settings/kafka/window': minimum: got 0, want 1",
    "settings.kafka.window=many": "at '/settings/kafka/window': got string, want integer",
    "settings.kafka.bootstrap_servers=": "at '/settings/kafka/bootstrap_servers': minLength: got 0, want 1",
    "settings.kafka.delivery=twice": "value must be one of 'exactly-once', 'at-least-once'",
    "settings.ror.environment=prod": "value must be one of 'sandbox', 'production'",
    "settings.ror.base_url=api.example.org": "at '/settings/ror/base_url'",
    "settings.ror.client_secret=hunter2": "at '/settings/ror': additional properties 'client_secret' not allowed",
    "settings.http.port=0": "settings.http.port: 0 is any free port",
    "settings.kafka.security_protocol=SASL_SSL": "needs settings.kafka.sasl_username and secrets.kafka.sasl_password",
    "settings.schema_registry.auto_register=false": "settings.schema_registry.url: what is set for the schema registry",
    "settings.schema_registry.url=https://a,settings.schema_registry.username=me": "password go together",
    "secrets.ror.client_secret.key=": "at '/secrets/ror/client_secret/key': minLength: got 0, want 1",
    "secrets.ror.client_secret=hunter2": "at '/secrets/ror/client_secret': got string, want object",
    "files.ror.client_cert.path=/ror.p12": "and files.ror.client_cert is required, and not both",
    "extraEnv[0].name=RORBRIDGE_KAFKA__WINDOW,extraEnv[0].value=5": "at '/extraEnv/0/name': 'not' failed",
    "otel.RORBRIDGE_LOG__LEVEL=DEBUG": "at '/otel': additional properties 'RORBRIDGE_LOG__LEVEL' not allowed",
    "replicaCount=7": "replicaCount: 7 pods cannot share 6 partitions; the others would never be ready",
    "keda.enabled=true,keda.maxReplicas=7": "keda.maxReplicas: 7 pods cannot share 6 partitions",
    "keda.enabled=true,keda.minReplicas=7": "keda.minReplicas: 7 is more than the most, 6",
    "keda.enabled=true,keda.minReplicas=0": "at '/keda/minReplicas': minimum: got 0, want 1",
    f"keda.enabled=true,{SASL}": "keda.authentication: settings.kafka.security_protocol is SASL_SSL, so KEDA needs",
    "terminationGracePeriodSeconds=20": "20 is too short: what is in hand is drained for 20 seconds",
    "image.digest=sha256:12": "at '/image/digest'",
    "kafkaTopics.enabled=true": "kafkaTopics.cluster: name the Strimzi Kafka that the topics belong to",
    f"{TOPICS},kafkaTopics.replicas=1": "kafkaTopics.replicas: 1 with min.insync.replicas 2 for kafkaTopics.requests",
    f"{TOPICS},kafkaTopics.results.config.min\\.insync\\.replicas=4": "min.insync.replicas 4 for kafkaTopics.results",
    "prometheusRule.runbookBase=docs": "at '/prometheusRule/runbookBase'",
    "prometheusRule.groups[0].name=mine": "at '/prometheusRule/groups/0': missing property 'rules'",
    "replicas=3": "additional properties 'replicas' not allowed",
}
"""What is set wrongly over the default values, and what helm says of it."""


@pytest.mark.parametrize(("wrong", "words"), REFUSED.items(), ids=list(REFUSED))
def test_a_wrong_value_is_refused_and_the_refusal_names_it(wrong: str, words: str) -> None:
    with pytest.raises(RefusedError) as refused:
        render(values("default"), wrong)
    assert words in str(refused.value)


MISSING = {
    ("settings", "kafka", "bootstrap_servers"): "at '/settings/kafka': missing property 'bootstrap_servers'",
    ("settings", "kafka"): "at '/settings': missing property 'kafka'",
    ("settings", "ror", "role_code"): "at '/settings/ror': missing property 'role_code'",
    ("settings", "ror", "environment"): "settings.ror: the ROR's addresses are missing",
    ("secrets", "ror"): "one of secrets.ror.client_secret (access profile 0) and files.ror.client_cert is required",
}
"""What is left out of the default values, and what helm says of it."""


@pytest.mark.parametrize(("path", "words"), MISSING.items(), ids=[".".join(one) for one in MISSING])
def test_a_missing_value_is_named(path: tuple[str, ...], words: str) -> None:
    given = yaml.safe_load(values("default").read_text(encoding="utf-8"))
    group = given
    for step in path[:-1]:
        group = group[step]
    del group[path[-1]]
    with pytest.raises(RefusedError) as refused:
        render(given)
    assert words in str(refused.value)


def test_helm_lint_refuses_what_is_refused_at_the_installation() -> None:
    command: list[str | Path] = [tool("helm"), "lint", "--kube-version", NEWEST, CHART, "--values", values("default")]
    code, said = told([*command, "--set", "settings.kafka.window=0"])
    assert code == 1
    assert "minimum: got 0, want 1" in said


def example(rule: dict[str, Any], default: Any) -> Any:
    """Give a value that the rule allows and that is not the default."""
    if "enum" in rule:
        return next(one for one in rule["enum"] if one != default)
    if rule["type"] == "boolean":
        return not default
    if rule["type"] in {"integer", "number"}:
        return (default if isinstance(default, int | float) else rule.get("minimum", 1)) + 1
    return "https://api.example.org/x" if "pattern" in rule else "example"


def every_setting() -> dict[str, dict[str, Any]]:
    """Give values for all settings, none of them the default; some exclude each other, of which the caller chooses."""
    found: dict[str, dict[str, Any]] = {"settings": {}, "secrets": {}, "files": {}}
    for group, model in groups().items():
        for name, field in model.model_fields.items():
            kind = place(field.annotation)
            rule = settings_schemas()[kind]["properties"][group]["properties"][name]
            given = example(rule, field.default) if kind == "settings" else {"secret": "some", "key": f"{name}.pem"}
            found[kind].setdefault(group, {})[name] = given
    found["settings"]["kafka"]["security_protocol"] = "SASL_SSL"
    return found


@pytest.mark.parametrize("without", [("files", "client_cert"), ("secrets", "client_secret")])
def test_every_setting_of_the_service_can_be_given(without: tuple[str, str], tmp_path: Path) -> None:
    given = every_setting()
    kind, name = without
    del given[kind]["ror"][name]
    if name == "client_cert":
        given["settings"]["ror"]["access_profile"] = 0

    release = render(given)

    contents = {
        f"RORBRIDGE_{group}__{name}".upper(): f"secret {name}"
        for group, names in given["secrets"].items()
        for name in names
    }
    settings = load(Settings, environment=release.environment_at(tmp_path, contents))
    for group, names in given["settings"].items():
        for setting, value in names.items():
            read = getattr(getattr(settings, group), setting)
            assert (str(read) if isinstance(value, str) else read) == value, setting
    for group, names in given["secrets"].items():
        for setting in names:
            assert getattr(getattr(settings, group), setting).get_secret_value() == f"secret {setting}"
    for group, names in given["files"].items():
        for setting in names:
            assert getattr(getattr(settings, group), setting).is_file()


@pytest.mark.parametrize("name", ["default", "full"])
def test_the_service_takes_the_environment_that_is_rendered(name: str, tmp_path: Path) -> None:
    load(Settings, environment=render(values(name)).environment_at(tmp_path, {}))


@pytest.mark.real_kafka
async def test_the_service_starts_and_stops_with_what_is_rendered(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    with running_lookalike(100) as lookalike:
        secret = lookalike.pop("client_secret")
        kafka = topics.kafka(broker).model_dump(exclude_defaults=True)
        given = {"settings": {"kafka": kafka, "ror": lookalike, "http": {"host": "127.0.0.1"}}}
        reference = {"secrets": {"ror": {"client_secret": {"secret": "ror-client", "key": "client-secret"}}}}
        contents = {"RORBRIDGE_ROR__CLIENT_SECRET": f"{secret}\n"}
        environment = render(given | reference).environment_at(tmp_path, contents)
        with running_service(environment, tmp_path / "log") as service:
            await service.ready()
            assert service.terminate() == 0


def test_what_the_chart_says_without_a_setting_is_what_the_service_does_without_it(tmp_path: Path) -> None:
    release = render(values("default"), "keda.enabled=true", "kafkaTopics.enabled=true,kafkaTopics.cluster=kafka")
    settings = load(Settings, environment=release.environment_at(tmp_path, {}))
    [trigger] = release.one("ScaledObject")["spec"]["triggers"]
    assert trigger["metadata"]["consumerGroup"] == settings.kafka.group_id
    assert trigger["metadata"]["topic"] == settings.kafka.requests_topic
    named = [one["spec"]["topicName"] for one in release.resources if one["kind"] == "KafkaTopic"]
    assert named == list(settings.kafka.topics)
    [container] = release.pod["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": settings.http.port}]
    assert release.pod["terminationGracePeriodSeconds"] == settings.kafka.drain_timeout + 20
    assert settings.http.host == "0.0.0.0"


def test_numbers_are_written_without_exponents() -> None:
    release = render(values("default"), {"otel": {"OTEL_BSP_MAX_QUEUE_SIZE": 20_000_000}})
    assert release.environment["OTEL_BSP_MAX_QUEUE_SIZE"] == "20000000"


def test_kubernetes_own_variables_of_a_service_are_kept_away_since_the_service_refuses_them() -> None:
    assert render(values("default")).pod["enableServiceLinks"] is False
    with pytest.raises(SettingsError, match="RORBRIDGE_SERVICE_HOST: there is no such setting"):
        load(Settings, environment={"RORBRIDGE_SERVICE_HOST": "10.0.0.1"})


def pods(release: Release) -> Iterable[dict[str, Any]]:
    """Give the pods of the service and of ``helm test``."""
    return [release.pod, release.one("Pod")["spec"]]


@pytest.mark.parametrize("name", FILES)
def test_pods_meet_the_pod_security_standard_restricted(name: str) -> None:
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    for pod in pods(render(values(name))):
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}
        assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} <= allowed | {"secret"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "hostPort" not in str(container.get("ports"))
        assert pod["automountServiceAccountToken"] is False


def test_no_secret_is_in_what_is_rendered_and_each_file_is_where_its_variable_says() -> None:
    release = render(values("full"))
    assert not [one for one in release.resources if one["kind"] in {"Secret", "ConfigMap"}]
    [files] = [one["projected"] for one in release.pod["volumes"] if one["name"] == "files"]
    mounted = {
        f"/etc/rorbridge/{item['path']}" for source in files["sources"] for item in next(iter(source.values()))["items"]
    }
    assert mounted == {value for value in release.environment.values() if value.startswith("/etc/rorbridge/")}
    assert files["defaultMode"] == 0o440


def test_a_certificate_and_its_key_change_at_the_same_moment() -> None:
    # A volume's files are exchanged together by one symbolic link, unless they are mounted one by one (subPath).
    release = render(values("full"))
    [container] = release.pod["containers"]
    assert not [one for one in container["volumeMounts"] if "subPath" in one]
    environment = release.environment
    certificate, key = environment["RORBRIDGE_ROR__CLIENT_CERT"], environment["RORBRIDGE_ROR__CLIENT_KEY"]
    assert (Path(certificate).name, Path(key).name) == ("tls.crt", "tls.key")


def test_a_rollout_never_has_more_pods_than_partitions() -> None:
    release = render(values("default"), "replicaCount=6")
    strategy = release.one("Deployment")["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 0, "maxUnavailable": 1}


def test_services_budgets_and_rollouts_leave_the_pod_of_helm_test_alone() -> None:
    release = render(values("default"))
    check = release.one("Pod")["metadata"]["labels"].items()
    service = release.one("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    for selector in (
        release.one("Service")["spec"]["selector"],
        release.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        release.one("Deployment")["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= service
        assert not selector.items() <= check
    policy = release.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items()
    assert policy <= service
    assert policy <= check


DNS = {53, 5353}
"""5353 is what the DNS pods of OpenShift listen on, and a policy counts the ports of pods."""


@pytest.mark.parametrize(
    ("given", "ports"),
    [
        ({}, [DNS, {9092}, {443}]),
        ({"settings.kafka.bootstrap_servers": "a:9093\\,b:9094\\, c"}, [DNS, {9093, 9094, 9092}, {443}]),
        ({"settings.ror.base_url": "http://lookalike:8081/x"}, [DNS, {9092}, {8081, 443}]),
        ({"settings.schema_registry.url": "https://r"}, [DNS, {9092}, {443}, {443}]),
        ({"otel.OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, [DNS, {9092}, {443}, {4318}]),
        ({"networkPolicy.kafka.ports": "{9095}"}, [DNS, {9095}, {443}]),
    ],
)
def test_the_network_policy_opens_the_ports_that_the_settings_name(
    given: dict[str, str], ports: list[set[int]]
) -> None:
    release = render(values("default"), *(f"{name}={value}" for name, value in given.items()))
    rules = release.one("NetworkPolicy")["spec"]["egress"]
    assert [{one["port"] for one in rule["ports"]} for rule in rules] == ports
    assert {(one["port"], one["protocol"]) for one in rules[0]["ports"]} == set(itertools.product(DNS, ("TCP", "UDP")))


def test_the_alerts_are_those_of_prometheus_unless_others_are_given() -> None:
    release = render(values("default"), "prometheusRule.enabled=true")
    code, said = kubeconform(release.text, NEWEST)
    assert code == 0, said
    of_prometheus = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    assert release.one("PrometheusRule")["spec"]["groups"] == of_prometheus
    [given] = render(values("full")).one("PrometheusRule")["spec"]["groups"]
    assert [rule["alert"] for rule in given["rules"]] == ["RorbridgeDown"]


def test_runbooks_are_found_at_the_address_that_is_given() -> None:
    base = "https://git.example.org/health/rorbridge/blob/main/"
    for given in (base, base.removesuffix("/")):
        release = render(values("default"), f"prometheusRule.enabled=true,prometheusRule.runbookBase={given}")
        [group] = release.one("PrometheusRule")["spec"]["groups"]
        for rule in group["rules"]:
            assert rule["annotations"]["runbook_url"] == f"{base}docs/alerts.md#{rule['alert'].lower()}"


@pytest.mark.parametrize(
    ("given", "job"),
    [
        ("nameOverride=", "demo-rorbridge"),
        ("nameOverride=orientation", "rorbridge-demo-orientation"),
        ("fullnameOverride=ror-bridge", "rorbridge-ror-bridge"),
    ],
)
def test_whatever_a_release_is_called_the_alerts_find_its_job(given: str, job: str) -> None:
    [endpoint] = render(values("default"), "serviceMonitor.enabled=true", given).one("ServiceMonitor")["spec"][
        "endpoints"
    ]
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": job}]
    wanted = re.findall(r'job=~"([^"]+)"', ALERTS.read_text(encoding="utf-8"))
    assert wanted
    assert all(re.fullmatch(one, job) for one in wanted)


def test_keda_is_given_the_brokers_as_it_reads_them() -> None:
    release = render(values("default"), "keda.enabled=true", "settings.kafka.bootstrap_servers=a\\, b:9094 \\,[::1]")
    [trigger] = release.one("ScaledObject")["spec"]["triggers"]
    assert trigger["metadata"]["bootstrapServers"] == "a:9092,b:9094,[::1]:9092"


def test_the_pod_of_helm_test_stays_for_its_logs_to_be_read() -> None:
    annotations = render(values("default")).one("Pod")["metadata"]["annotations"]
    assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation"


def test_the_notes_say_what_to_do_next(tmp_path: Path) -> None:
    said = notes("full", tmp_path)
    assert "answers requests of hospital.orientation_requests as the group rorbridge-production" in said
    assert "helm test demo --namespace health --logs" in said
    assert "port-forward deployment/ror-bridge 8080:9100" in said
    assert "12 partitions of the requests topic; KEDA runs 2 to 12 of them by the lag" in said
    assert "WARNING" not in said


def test_the_notes_warn_of_plain_http(tmp_path: Path) -> None:
    assert "WARNING: settings.ror.base_url is plain HTTP" in notes("minimal", tmp_path)


def test_the_readme_is_what_helm_docs_makes_of_the_values() -> None:
    code, said = told([tool("helm-docs"), "--chart-search-root", CHART, "--dry-run", "--log-level", "warning"])
    assert code == 0, said
    assert said.strip() == (CHART / "README.md").read_text(encoding="utf-8").strip(), "run `make chart`"
