"""Images of instances are backed by EBS, for moto, which calls every root "standard"; Packer refuses that."""

from typing import Any

from moto.ec2.models.amis import Ami, AmiBackend

_create = AmiBackend.create_image


def _create_image(backend: AmiBackend, *words: Any, **named: Any) -> Ami:
    image: Ami = _create(backend, *words, **named)
    image.root_device_type = "ebs"
    return image


def extend() -> None:
    AmiBackend.create_image = _create_image
