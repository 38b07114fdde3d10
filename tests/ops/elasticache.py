"""Parameter groups of ElastiCache, the end of subnet groups, and members of replication groups, for moto.

Written after the public API reference of ElastiCache (2015-02-02); only what Terraform asks.
"""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult, PaginatedResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse


class CacheParameterGroupNotFound(ElastiCacheException):
    code = "CacheParameterGroupNotFound"


class CacheSubnetGroupInUse(ElastiCacheException):
    code = "CacheSubnetGroupInUse"


def _groups(backend: ElastiCacheBackend) -> dict[str, dict[str, Any]]:
    """Parameter groups of this account and region, by name."""
    return vars(backend).setdefault("parameter_groups", {})


def _group(response: ElastiCacheResponse) -> dict[str, Any]:
    name = response._get_param("CacheParameterGroupName")
    if name not in (groups := _groups(response.elasticache_backend)):
        raise CacheParameterGroupNotFound(f"CacheParameterGroup {name} not found.")
    return groups[name]


class _ParameterGroups(ElastiCacheResponse):
    def create_cache_parameter_group(self) -> ActionResult:
        backend, name = self.elasticache_backend, self._get_param("CacheParameterGroupName")
        arn = f"arn:aws:elasticache:{self.region}:{self.current_account}:parametergroup:{name}"
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": self._get_param("CacheParameterGroupFamily"),
            "Description": self._get_param("Description"),
            "IsGlobal": False,
            "ARN": arn,
        }
        _groups(backend)[name] = group | {"Parameters": {}}
        backend.tagging_service.tag_resource(arn, self._get_param("Tags", []))
        return ActionResult({"CacheParameterGroup": group})

    def describe_cache_parameter_groups(self) -> ActionResult:
        if self._get_param("CacheParameterGroupName"):
            return ActionResult({"CacheParameterGroups": [_group(self)]})
        return ActionResult({"CacheParameterGroups": list(_groups(self.elasticache_backend).values())})

    def describe_cache_parameters(self) -> ActionResult:
        told = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for name, value in _group(self)["Parameters"].items()
        ]
        return PaginatedResult({"Parameters": told, "CacheNodeTypeSpecificParameters": []})

    def modify_cache_parameter_group(self) -> ActionResult:
        group = _group(self)
        for one in self._get_param("ParameterNameValues", []):
            group["Parameters"][one["ParameterName"]] = one["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def reset_cache_parameter_group(self) -> ActionResult:
        group = _group(self)
        for one in self._get_param("ParameterNameValues", []):
            group["Parameters"].pop(one["ParameterName"], None)
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def delete_cache_parameter_group(self) -> ActionResult:
        del _groups(self.elasticache_backend)[_group(self)["CacheParameterGroupName"]]
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        tags = self.elasticache_backend.tagging_service
        return ActionResult({"TagList": tags.list_tags_for_resource(self._get_param("ResourceName"))["Tags"]})


class _SubnetGroups(ElastiCacheResponse):
    def delete_cache_subnet_group(self) -> ActionResult:
        backend, name = self.elasticache_backend, self._get_param("CacheSubnetGroupName")
        (group,) = backend.describe_cache_subnet_groups(cache_subnet_group_name=name)
        if any(one.cache_subnet_group_name == name for one in backend.replication_groups.values()):
            raise CacheSubnetGroupInUse(f"CacheSubnetGroup {name} is in use.")
        del backend.cache_subnet_groups[group.cache_subnet_group_name]
        return EmptyResult()


def extend() -> None:
    """Add the actions to moto's own class: the server finds them there by name."""
    for actions in (_ParameterGroups, _SubnetGroups):
        for name, method in vars(actions).items():
            if not name.startswith("_"):
                setattr(ElastiCacheResponse, name, method)
