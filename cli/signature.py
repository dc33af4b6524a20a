"""Requests to a deployment, signed with this machine's AWS credentials (Signature Version 4, service `execute-api`)."""

from urllib.parse import urlsplit

import boto3
import httpx2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest


class NoCredentialsError(Exception):
    """This machine has no AWS credentials."""


def sign(request: httpx2.Request) -> None:
    """Add the signature's headers. Raises NoCredentialsError."""
    session = boto3.Session()
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError("no AWS credentials: set AWS_PROFILE, or run `aws configure`")
    copy = AWSRequest(method=request.method, url=str(request.url), data=request.content, headers={"Host": urlsplit(str(request.url)).netloc})
    SigV4Auth(credentials, "execute-api", session.region_name or "us-east-1").add_auth(copy)
    for name, value in copy.headers.items():
        request.headers[name] = value
