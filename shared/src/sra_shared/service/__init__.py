"""The one HTTP contract of all services: runs, health, metrics, tokens and problem documents."""

from sra_shared.service.app import create_service_app as create_service_app
from sra_shared.service.auth import Access as Access
from sra_shared.service.auth import Authenticator as Authenticator
from sra_shared.service.auth import Caller as Caller
from sra_shared.service.health import CheckResult as CheckResult
from sra_shared.service.health import HealthStatus as HealthStatus
from sra_shared.service.health import SystemHealthCheck as SystemHealthCheck
from sra_shared.service.limit import FailureLimit as FailureLimit
from sra_shared.service.problems import ProblemError as ProblemError
from sra_shared.service.server import run_service as run_service
from sra_shared.service.server import start_service as start_service
from sra_shared.service.state import ServiceDefinition as ServiceDefinition
from sra_shared.service.state import ServiceState as ServiceState
from sra_shared.service.state import get_state as get_state
