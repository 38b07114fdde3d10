"""CloudFront's cache, origin request and response headers policies, and the end of key groups, for moto.

Written after the public API reference of CloudFront (2020-05-31); create, get, update and delete.
"""

import secrets
from typing import Any

from moto.cloudfront import urls
from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult

KINDS = {
    "CachePolicy": "cache-policy",
    "OriginRequestPolicy": "origin-request-policy",
    "ResponseHeadersPolicy": "response-headers-policy",
}


class NoSuchPolicy(CloudFrontException):
    def __init__(self, kind: str, policy: str) -> None:
        super().__init__(f"NoSuch{kind}", f"The {kind} {policy} does not exist.")


def _policies(response: CloudFrontResponse, kind: str) -> dict[str, dict[str, Any]]:
    """Those of one kind in this account, by id."""
    return vars(response.backend).setdefault("policies", {}).setdefault(kind, {})


def _id(response: CloudFrontResponse, kind: str) -> str:
    policy = str(response._get_param("Id"))
    if policy not in _policies(response, kind):
        raise NoSuchPolicy(kind, policy)
    return policy


def _answer(kind: str, path: str, policy: str, config: dict[str, Any]) -> ActionResult:
    told = {"Id": policy, "LastModifiedTime": "2026-01-01T00:00:00Z", f"{kind}Config": config}
    return ActionResult({kind: told, "ETag": "E1", "Location": f"/2020-05-31/{path}/{policy}"})


def _actions(kind: str, path: str) -> dict[str, Any]:
    def create(response: CloudFrontResponse) -> ActionResult:
        policy, config = secrets.token_hex(16), response._get_param(f"{kind}Config")
        _policies(response, kind)[policy] = config
        return _answer(kind, path, policy, config)

    def get(response: CloudFrontResponse) -> ActionResult:
        policy = _id(response, kind)
        return _answer(kind, path, policy, _policies(response, kind)[policy])

    def update(response: CloudFrontResponse) -> ActionResult:
        policy, config = _id(response, kind), response._get_param(f"{kind}Config")
        _policies(response, kind)[policy] = config
        return _answer(kind, path, policy, config)

    def delete(response: CloudFrontResponse) -> ActionResult:
        del _policies(response, kind)[_id(response, kind)]
        return EmptyResult()

    return {"create": create, "get": get, "update": update, "delete": delete}


def _delete_key_group(response: CloudFrontResponse) -> ActionResult:
    if response.backend.key_groups.pop(response._get_param("Id"), None) is None:
        raise NoSuchPolicy("Resource", response._get_param("Id"))
    return EmptyResult()


def extend() -> None:
    """Add the addresses, and the actions by the names under which moto looks for them."""
    for kind, path in KINDS.items():
        urls.url_paths[f"{{0}}/2020-05-31/{path}$"] = CloudFrontResponse.dispatch
        urls.url_paths[f"{{0}}/2020-05-31/{path}/(?P<policy_id>[^/]+)$"] = CloudFrontResponse.dispatch
        for verb, action in _actions(kind, path).items():
            setattr(CloudFrontResponse, f"{verb}_{path.replace('-', '_')}", action)
    CloudFrontResponse.delete_key_group = _delete_key_group
