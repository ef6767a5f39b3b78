"""cluster.yaml through Ray's own validation, bootstrap and node provider, on moto's AWS.

What runs here is Ray's launcher and boto3; what answers is moto, not AWS.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

boto3 = pytest.importorskip("boto3", reason="needs the extra `cluster`")
moto = pytest.importorskip("moto", reason="needs the extra `dev`")

ROOT = Path(__file__).parents[2]
REGION = "us-west-2"
OPERATOR = "203.0.113.7/32"
BLANK = "FILL-IN-YOUR-GROUP"
Description = dict[str, Any]


def described(name: str = "cluster.yaml", group: str = BLANK) -> Description:
    """The description as `ray up` reads it, completed and validated as `ray up` does."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    text = (ROOT / name).read_text().replace(BLANK, group)
    prepared: Description = prepare_config(yaml.safe_load(text))
    validate_config(prepared)
    return prepared


@pytest.mark.parametrize("name", ["cluster.yaml", "docs/on-premises.yaml"])
def test_a_description_would_be_refused_by_ray_up(name: str) -> None:
    assert described(name)["cluster_name"] == "tuner"


@pytest.mark.parametrize("name", ["cluster.yaml", "docs/on-premises.yaml"])
def test_the_token_or_the_dashboard_would_be_open(name: str) -> None:
    told = described(name)
    assert "~/.ray/auth_token" in told["file_mounts"]
    assert any("RAY_AUTH_MODE=token" in command for command in told["setup_commands"])
    (start,) = [line for line in told["head_start_ray_commands"] if "--head" in line]
    assert "--dashboard-host=127.0.0.1" in start


def test_the_cluster_would_cost_money_for_workers_that_nobody_uses() -> None:
    types = described()["available_node_types"]
    workers = [kind for name, kind in types.items() if name != "head"]
    assert [kind["min_workers"] for kind in workers] == [0, 0]
    assert types["head"]["resources"]["CPU"] == 0


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An account with two networks, docs/aws-account.yaml deployed in the one; yields its EC2.

    Both have public subnets, and Ray by itself would take the region's default one.
    """
    with pytest.MonkeyPatch.context() as environment, moto.mock_aws():
        environment.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # for ray up's key
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        ec2 = boto3.client("ec2", region_name=REGION)
        boto3.client("cloudformation", region_name=REGION).create_stack(
            StackName="tuner",
            TemplateBody=(ROOT / "docs" / "aws-account.yaml").read_text(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": "Bucket", "ParameterValue": "my-tuner"},
                {"ParameterKey": "Vpc", "ParameterValue": network_with_public_subnet(ec2)},
                {"ParameterKey": "SshFrom", "ParameterValue": OPERATOR},
            ],
        )
        yield ec2


def network_with_public_subnet(ec2: Any) -> str:
    """Make a network beside the region's default one; returns its id."""
    made: str = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zone = f"{REGION}a"
    subnet = ec2.create_subnet(VpcId=made, CidrBlock="10.9.1.0/24", AvailabilityZone=zone)
    ec2.modify_subnet_attribute(
        SubnetId=subnet["Subnet"]["SubnetId"], MapPublicIpOnLaunch={"Value": True}
    )
    return made


def printed_group() -> str:
    """The group's id as docs/cluster.md has it read from the stack."""
    stacks = boto3.client("cloudformation", region_name=REGION).describe_stacks(StackName="tuner")
    outputs = stacks["Stacks"][0]["Outputs"]
    return {each["OutputKey"]: str(each["OutputValue"]) for each in outputs}["Group"]


@pytest.fixture(scope="module")
def bootstrapped(account: Any) -> Description:
    """What `ray up` makes of cluster.yaml in the account, with an image that moto has."""
    return bootstrap(account, printed_group())


def bootstrap(account: Any, group: str) -> Description:
    from ray.autoscaler._private.aws.config import bootstrap_aws

    told = described(group=group)
    image = account.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for kind in told["available_node_types"].values():
        assert kind["node_config"]["ImageId"].startswith("resolve:ssm:")
        kind["node_config"]["ImageId"] = image
    done: Description = bootstrap_aws(told)
    return done


def test_what_is_to_be_filled_in_would_stand_in_several_places() -> None:
    text = (ROOT / "cluster.yaml").read_text()
    walk = (ROOT / "docs" / "cluster.md").read_text()
    for blank in (BLANK, "FILL-IN-YOUR-BUCKET"):
        assert text.count(blank) == 1
        assert blank in walk
    types = described()["available_node_types"].values()
    assert [kind["node_config"]["SecurityGroupIds"] for kind in types] == [[BLANK]] * 3


@pytest.mark.long
def test_a_group_that_was_not_filled_in_would_fail_without_a_word(
    account: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AssertionError):
        bootstrap(account, BLANK)
    said = "Failed to detect a security group with id equal to any of the configured"
    assert f"{said} SecurityGroupIds" in capsys.readouterr().err
    assert len(account.describe_security_groups()["SecurityGroups"]) == 3  # two defaults and ours


@pytest.mark.long
def test_a_machine_would_start_in_another_network_than_the_one_that_was_given(
    account: Any, bootstrapped: Description
) -> None:
    (group,) = account.describe_security_groups(GroupIds=[printed_group()])["SecurityGroups"]
    types = bootstrapped["available_node_types"].values()
    subnets = {subnet for kind in types for subnet in kind["node_config"]["SubnetIds"]}
    found = account.describe_subnets(SubnetIds=list(subnets))["Subnets"]
    assert {subnet["VpcId"] for subnet in found} == {group["VpcId"]}


@pytest.mark.long
def test_ray_up_would_open_the_cluster_to_others_than_the_operator(
    account: Any, bootstrapped: Description
) -> None:
    told = bootstrapped
    groups = {
        group
        for kind in told["available_node_types"].values()
        for group in kind["node_config"]["SecurityGroupIds"]
    }
    (group,) = account.describe_security_groups(GroupIds=list(groups))["SecurityGroups"]
    ssh = [rule for rule in group["IpPermissions"] if rule["IpRanges"]]
    own = [rule for rule in group["IpPermissions"] if rule["UserIdGroupPairs"]]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in ssh] == [(22, 22)]
    assert [each["CidrIp"] for each in ssh[0]["IpRanges"]] == [OPERATOR]
    assert [pair["GroupId"] for pair in own[0]["UserIdGroupPairs"]] == [group["GroupId"]]
    assert len(group["IpPermissions"]) == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "profile", "market"),
    [
        ("head", "tuner-head", None),
        ("gpu-spot", "tuner-worker", "spot"),
        ("gpu-on-demand", "tuner-worker", None),
    ],
)
def test_a_node_would_not_start_or_would_not_end(
    account: Any, bootstrapped: Description, kind: str, profile: str, market: str | None
) -> None:
    from ray.autoscaler._private.aws.node_provider import AWSNodeProvider

    told = bootstrapped
    provider = AWSNodeProvider(told["provider"], told["cluster_name"])
    role = "head" if kind == "head" else "worker"
    tags = {"ray-node-type": role, "ray-node-name": kind, "ray-user-node-type": kind}
    provider.create_node(told["available_node_types"][kind]["node_config"], tags, 1)
    (node,) = provider.non_terminated_nodes({"ray-user-node-type": kind})
    (reservation,) = account.describe_instances(InstanceIds=[node])["Reservations"]
    (instance,) = reservation["Instances"]
    assert instance["IamInstanceProfile"]["Arn"].endswith(f"/{profile}")
    assert instance.get("InstanceLifecycle") == market
    provider.terminate_nodes([node])
    assert provider.non_terminated_nodes({}) == []


@pytest.mark.long
def test_workers_would_be_allowed_more_than_the_bucket(account: Any) -> None:
    iam = boto3.client("iam", region_name=REGION)
    attached = iam.list_attached_role_policies(RoleName="tuner-worker")["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["tuner-storage"]
    policy = iam.get_policy(PolicyArn=attached[0]["PolicyArn"])["Policy"]
    version = iam.get_policy_version(
        PolicyArn=attached[0]["PolicyArn"], VersionId=policy["DefaultVersionId"]
    )
    statements = version["PolicyVersion"]["Document"]["Statement"]
    assert all("my-tuner" in statement["Resource"] for statement in statements)
