"""What `manage.py doctor` looks at: each trap and each mistake of a deployment as one check, whose finding says how to mend it.

A check is a pure judgement of facts; what gathers the facts is beside it and is registered by `@check(area)`. Applications add their own in
a module `doctor`, which the command imports.
"""

from fly.doctor.finding import Finding, Level
from fly.doctor.registry import AREAS, check, examine

__all__ = ["AREAS", "Finding", "Level", "check", "examine"]
