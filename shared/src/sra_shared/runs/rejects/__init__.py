"""Rejected rows and their life cycle: delivered again, replayed, dismissed."""

from sra_shared.runs.rejects.dismissal import MOST_WHY as MOST_WHY
from sra_shared.runs.rejects.dismissal import Verdicts as Verdicts
from sra_shared.runs.rejects.dismissal import dismiss_rejects as dismiss_rejects
from sra_shared.runs.rejects.dismissal import reopen_rejects as reopen_rejects
from sra_shared.runs.rejects.replays import CORRECTED as CORRECTED
from sra_shared.runs.rejects.replays import MOST_IDS as MOST_IDS
from sra_shared.runs.rejects.replays import REPLAY_TASKS as REPLAY_TASKS
from sra_shared.runs.rejects.replays import RejectPages as RejectPages
from sra_shared.runs.rejects.replays import ReplayParameters as ReplayParameters
from sra_shared.runs.rejects.replays import ReplayRequest as ReplayRequest
from sra_shared.runs.rejects.replays import conclude_replay as conclude_replay
from sra_shared.runs.rejects.replays import leave_open as leave_open
from sra_shared.runs.rejects.replays import make_replay_request as make_replay_request
from sra_shared.runs.rejects.replays import plan_replay as plan_replay
from sra_shared.runs.rejects.replays import resolve_reject as resolve_reject
from sra_shared.runs.rejects.sightings import Deliverer as Deliverer
from sra_shared.runs.rejects.sightings import Sighting as Sighting
from sra_shared.runs.rejects.sightings import keep_sightings as keep_sightings
from sra_shared.runs.rejects.sightings import make_identity as make_identity
