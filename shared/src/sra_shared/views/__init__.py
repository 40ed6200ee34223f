"""The view models: the contract between schema sra and those who read it."""

from sra_shared.views.base import ViewModel

VIEWS: tuple[type[ViewModel], ...] = ()
