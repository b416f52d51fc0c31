"""How people get in: what the bank chose for sign-in, read from the environment once a process starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from classifier.errors import ReviewError
from classifier.review.sessions import Limits


@dataclass(frozen=True, slots=True)
class Options:
    """``demo`` needs no sign-in and stays on this machine; ``https`` marks cookies Secure; ``oidc`` is the TOML file of
    the bank's identity provider, None for local accounts.
    """

    demo: bool = False
    https: bool = False
    oidc: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Options":
        """LANMU_DEMO, LANMU_HTTPS (1), LANMU_OIDC, LANMU_IDLE_MINUTES, LANMU_SESSION_HOURS, LANMU_LOCKOUT_MINUTES."""
        oidc = environment.get("LANMU_OIDC")
        limits = Limits(
            idle=timedelta(minutes=_number(environment, "LANMU_IDLE_MINUTES", 30)),
            absolute=timedelta(hours=_number(environment, "LANMU_SESSION_HOURS", 8)),
            lockout=timedelta(minutes=_number(environment, "LANMU_LOCKOUT_MINUTES", 15)),
        )
        return cls(
            demo=environment.get("LANMU_DEMO") == "1",
            https=environment.get("LANMU_HTTPS") == "1",
            oidc=Path(oidc) if oidc else None,
            limits=limits,
        )


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 24 * 60:
        raise ReviewError(f"设置 {name}={text} 不对：应为大于 0、不超过 1440 的数。")
    return number
