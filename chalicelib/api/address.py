"""Where a request came to.

In: a request. Out: the address that its route's path is to be appended to. Never: a trailing slash.
"""

from chalice.app import Request

from chalicelib.settings import LOCAL_STAGE, settings


def base_url(request: Request) -> str:
    """The host, and the stage that API Gateway puts before the path."""
    host = request.headers.get("host") or str(request.context.get("domainName", ""))
    if settings().stage == LOCAL_STAGE:
        return f"http://{host}"
    own = str(request.context["resourcePath"]).format(**(request.uri_params or {}))
    return f"https://{host}{str(request.context.get('path', '')).removesuffix(own)}"
