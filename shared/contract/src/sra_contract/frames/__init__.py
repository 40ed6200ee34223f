"""Series of the views as Arrow batches and Polars frames; the extra `frames` installs what it needs."""

from sra_contract.frames.adjusting import adjust
from sra_contract.frames.blocks import FrameValueError
from sra_contract.frames.events import make_events
from sra_contract.frames.streams import read_frame, stream_batches
from sra_contract.frames.types import Numbers

__all__ = ["FrameValueError", "Numbers", "adjust", "make_events", "read_frame", "stream_batches"]
