"""A deployment of the package on ministack, a second emulator that runs in a process of its own.

In: a package with its wheels. Out: the stack's outputs, and ways to call what was deployed.
Functions run on a Python without site-packages: all that they import comes from the package.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.factories.package import REGION, Package

STACK = "sluice-rehearsal"
BUCKET = "artefacts"
WAIT_SECONDS = 90.0
CALLER = "root"  # whom the emulator takes every signature for
FUNCTION_PYTHON = '#!/bin/sh\nexec "{python}" -S "$@"\n'


@dataclass(frozen=True)
class Deployment:
    """What was deployed, and where it answers."""

    endpoint: str
    outputs: Mapping[str, str]

    def signed_in(self) -> str:
        """An access token for the AWS credentials that requests are signed with."""
        status, told = self.request("POST", "/api/v1/auth/iam", {})
        if status != 200:
            raise RuntimeError(f"the signature was not exchanged: {told}")
        return str(told["access_token"])

    def request(self, method: str, path: str, body: object = None, *, token: str = "") -> tuple[int, Any]:
        """A request to the REST API, with a token, else signed; the status and the JSON."""
        url = f"{self.endpoint}/restapis/{self.outputs['RestAPIId']}/api/_user_request_{path}"
        data = None if body is None else json.dumps(body).encode()
        signed = AWSRequest(method=method, url=url, data=data, headers={"Content-Type": "application/json"})
        if token:
            signed.headers["Authorization"] = f"Bearer {token}"
        else:
            SigV4Auth(Credentials("test", "test"), "execute-api", REGION).add_auth(signed)
        request = urllib.request.Request(url, data=data, headers=dict(signed.headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")

    @property
    def websocket_url(self) -> str:
        return f"{self.endpoint.replace('http', 'ws', 1)}/_aws/execute-api/{self.outputs['WebsocketAPIId']}/api"


@contextmanager
def deployed(package: Package, folder: Path) -> Iterator[Deployment]:
    """Deploy a package as a release does: artefacts to S3, one CloudFormation stack."""
    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with _ministack(port, endpoint, folder):
        _upload(package, endpoint)
        yield Deployment(endpoint, _create_stack(package, endpoint))


@contextmanager
def _ministack(port: int, endpoint: str, folder: Path) -> Iterator[None]:
    python = folder / "python"
    python.write_text(FUNCTION_PYTHON.format(python=getattr(sys, "_base_executable", sys.executable)))
    python.chmod(0o755)
    start = f"import runpy, sys; sys.executable = {str(python)!r}; sys.argv = ['ministack']; runpy.run_module('ministack', run_name='__main__')"
    quiet = {"SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**os.environ, "GATEWAY_PORT": str(port), "MINISTACK_REGION": REGION, **quiet}
    with (folder / "ministack.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-c", start], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(endpoint, process, folder / "ministack.log")
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(endpoint: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"ministack did not start:\n{log.read_text()[-2000:]}")


def _upload(package: Package, endpoint: str) -> None:
    s3 = _client("s3", endpoint)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for path in package.folder.glob("*.zip"):
        s3.upload_file(str(path), BUCKET, path.name)


def _create_stack(package: Package, endpoint: str) -> dict[str, str]:
    cloudformation = _client("cloudformation", endpoint)
    _client("s3", endpoint).put_object(Bucket=BUCKET, Key="template.yaml", Body=yaml.safe_dump(_deployable(package.template, endpoint)).encode())
    capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
    people = [{"ParameterKey": "People", "ParameterValue": json.dumps({CALLER: ["admin"]})}]
    cloudformation.create_stack(StackName=STACK, TemplateURL=f"{endpoint}/{BUCKET}/template.yaml", Parameters=people, Capabilities=capabilities)
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            break
        time.sleep(0.2)
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in events if "FAILED" in event["ResourceStatus"]]
    raise RuntimeError("the stack was not created:\n" + "\n".join(failed))


def _deployable(template: dict[str, Any], endpoint: str) -> dict[str, Any]:
    """What `aws cloudformation package` does (artefacts by their place in S3), less one resource type that ministack does not know.

    Connections are reached at the emulator's address: theirs on AWS is a host name of its own.
    """
    document: dict[str, Any] = json.loads(json.dumps(template))
    variables = document["Globals"]["Function"]["Environment"]["Variables"]
    variables["SLUICE_WEBSOCKET_ENDPOINT"] = {"Fn::Sub": f"{endpoint}/_aws/execute-api/${{WebsocketAPI}}/api"}
    document["Resources"] = {
        name: resource for name, resource in document["Resources"].items() if resource["Type"] != "AWS::ApiGatewayV2::Deployment"
    }
    for resource in document["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = f"s3://{BUCKET}/{Path(resource['Properties'][name]).name}"
    return document


def _client(service: str, endpoint: str) -> Any:
    session: Any = boto3.session.Session()
    return session.client(service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
