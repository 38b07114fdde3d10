"""Parameter groups of ElastiCache, the end of subnet groups, and members of replication groups, for moto.

Written after the public API reference of ElastiCache (2015-02-02); only what Terraform asks.
"""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult, PaginatedResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
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


# What a member of a replication group shares with it.
_SHARED = (
    "CacheNodeType",
    "Engine",
    "EngineVersion",
    "CacheSubnetGroupName",
    "PreferredMaintenanceWindow",
    "SnapshotWindow",
    "SnapshotRetentionLimit",
    "AutoMinorVersionUpgrade",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
    "AtRestEncryptionEnabled",
)


def _member(name: str, group: ReplicationGroup) -> dict[str, Any]:
    """A node as DescribeCacheClusters tells of it."""
    asked = vars(group)["asked"]
    told = {key: asked[key] for key in _SHARED if key in asked}
    groups = [{"SecurityGroupId": one, "Status": "active"} for one in asked.get("SecurityGroupIds", [])]
    port = asked.get("Port") or 6379
    return told | {
        "CacheClusterId": name,
        "CacheClusterStatus": "available",
        "ReplicationGroupId": group.replication_group_id,
        "AuthTokenEnabled": bool(asked.get("AuthToken")),
        "NumCacheNodes": 1,
        "SecurityGroups": groups,
        "CacheParameterGroup": {"CacheParameterGroupName": asked.get("CacheParameterGroupName", "")},
        "CacheNodes": [{"CacheNodeId": "0001", "Endpoint": {"Address": name, "Port": port}}],
    }


_create_replication_group = ElastiCacheResponse.create_replication_group
_delete_replication_group = ElastiCacheResponse.delete_replication_group
_describe_cache_clusters = ElastiCacheResponse.describe_cache_clusters


class _Members(ElastiCacheResponse):
    def create_replication_group(self) -> ActionResult:
        made = _create_replication_group(self)
        name = self._get_param("ReplicationGroupId")
        group = self.elasticache_backend.replication_groups[name]
        vars(group)["asked"] = self._get_params()
        nodes = range(1, (self._get_int_param("NumCacheClusters") or 1) + 1)
        group.member_clusters = [f"{name}-{node:03}" for node in nodes]
        return made

    def delete_replication_group(self) -> ActionResult:
        deleted = _delete_replication_group(self)
        del self.elasticache_backend.replication_groups[self._get_param("ReplicationGroupId")]
        return deleted

    def describe_cache_clusters(self) -> ActionResult:
        name = self._get_param("CacheClusterId")
        for group in self.elasticache_backend.replication_groups.values():
            if name in group.member_clusters:
                return ActionResult({"CacheClusters": [_member(name, group)]})
        return _describe_cache_clusters(self)


def extend() -> None:
    """Add the actions to moto's own class: the server finds them there by name."""
    for actions in (_ParameterGroups, _SubnetGroups, _Members):
        for name, method in vars(actions).items():
            if not name.startswith("_"):
                setattr(ElastiCacheResponse, name, method)
