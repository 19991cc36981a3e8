"""How each model is doing, as the command line and the plugin are told."""

from __future__ import annotations

from keycel_backend.models.catalogue import Model
from keycel_backend.models.getting import used_bytes
from keycel_backend.models.originals import has_consent, originals
from keycel_shared.model_messages import ModelInfo, ModelLicence, ModelState


def status(model: Model) -> ModelInfo:
    """Looks at the disk, and reads no file that is large."""
    kept = originals(model)
    published = (*model.published, *model.alternatives)
    licences = tuple(
        ModelLicence(one.title, one.licence.name or "", one.licence.url, one.licence.commercial.value)
        for one in published
    )
    installed, downloaded = used_bytes(model)
    return ModelInfo(
        name=model.name,
        title=model.title,
        purpose=model.purpose,
        engines=model.engines,
        licence=model.licence,
        licences=licences,
        accepted=has_consent(model),
        download_bytes=model.download_bytes if model.sources else 0,
        installed_bytes=model.installed_bytes,
        used_bytes=installed + downloaded,
        linked=any(original.linked for original in kept),
        by_hand=not model.sources,
        state=_state(model),
    )


def _state(model: Model) -> ModelState:
    kept = originals(model)
    if model.installed:
        return ModelState.INSTALLED
    if kept and all(original.complete for original in kept):
        return ModelState.READY
    some = any(original.complete or original.bytes_here() for original in kept)
    return ModelState.PARTIAL if some else ModelState.ABSENT
