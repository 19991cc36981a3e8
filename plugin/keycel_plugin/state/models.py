"""Models of other publishers: what there is, what is being done with each, and the offline switch."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, Signal
from keycel_shared.errors import ErrorValue
from keycel_shared.model_messages import ModelInfo, ModelListing, ModelWork


class Models(QtCore.QObject):
    """As the backend has told them last."""

    changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.listing: ModelListing | None = None
        """None until the backend has been asked."""
        self.error: ErrorValue | None = None
        """Why the last wish was not done; None: it was."""

    def show(self, listing: ModelListing) -> None:
        if listing != self.listing:
            self.listing = listing
            self.changed.emit()

    def show_error(self, error: ErrorValue | None) -> None:
        if error != self.error:
            self.error = error
            self.changed.emit()

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self.listing.models if self.listing is not None else ()

    @property
    def busy(self) -> bool:
        """Something is being done with at least one of them."""
        return self.listing is not None and any(work.running for work in self.listing.works)

    def model(self, name: str) -> ModelInfo | None:
        return next((model for model in self.models if model.name == name), None)

    def work(self, name: str) -> ModelWork | None:
        """What is being done with a model, or how that ended last; None: nothing yet."""
        works = self.listing.works if self.listing is not None else ()
        return next((work for work in works if work.model == name), None)
