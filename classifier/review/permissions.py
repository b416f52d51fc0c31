"""Who may do what: four roles, the actions they may take, and one table that says which.

The store asks this table inside every function that reads or writes; hiding a button is a courtesy, not a protection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from classifier.errors import ReviewError


class Role(Enum):
    """What a person is to the product; a person may hold several."""

    OFFICER = "经办"
    REVIEWER = "复核"
    AUDITOR = "审计"
    ADMIN = "管理"


class Action(Enum):
    """What can be done; the value is how a message names it."""

    LABEL = "识别文本与台账"
    SUBMIT = "送复核"
    READ_OWN = "查看本人提交的件"
    READ = "查看全部件"
    DECIDE = "复核"
    OVERVIEW = "查看概览"
    AUDIT = "审计"
    SAMPLE = "抽样重判"
    LEARN = "导出训练样例"
    ACCOUNTS = "管理账号"


LONGEST_NAME = 200
_OFFICER, _REVIEWER, _AUDITOR, _ADMIN = Role.OFFICER, Role.REVIEWER, Role.AUDITOR, Role.ADMIN

PERMISSIONS: Mapping[Action, frozenset[Role]] = {
    Action.LABEL: frozenset({_OFFICER, _REVIEWER}),
    Action.SUBMIT: frozenset({_OFFICER}),
    Action.READ_OWN: frozenset({_OFFICER, _REVIEWER, _AUDITOR}),
    Action.READ: frozenset({_REVIEWER, _AUDITOR}),
    Action.DECIDE: frozenset({_REVIEWER}),
    Action.OVERVIEW: frozenset({_OFFICER, _REVIEWER, _AUDITOR, _ADMIN}),
    Action.AUDIT: frozenset({_AUDITOR}),
    # A sample's readings stand beside the labels and change none of them: the auditor still changes nothing.
    Action.SAMPLE: frozenset({_AUDITOR}),
    Action.LEARN: frozenset({_REVIEWER}),
    Action.ACCOUNTS: frozenset({_ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person: ``name`` is what the trail records, unique in the bank."""

    name: str
    roles: frozenset[Role]

    def may(self, action: Action) -> bool:
        """Whether one of the roles allows an action."""
        return bool(self.roles & PERMISSIONS[action])


def check_name(name: str) -> None:
    """Raise ReviewError when a name could not stand in the trail."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ReviewError(f"姓名不能为空、不能超过 {LONGEST_NAME} 个字，也不能有控制字符：请管理人员更正。")


def require(actor: Actor, action: Action) -> None:
    """Raise DeniedError unless the actor may; the message names the action and the roles that could."""
    check_name(actor.name)
    if not actor.may(action):
        roles = "、".join(role.value for role in Role if role in PERMISSIONS[action])
        raise DeniedError(f"“{actor.name}”没有“{action.value}”的权限：请由{roles}岗位的人员操作。")


class DeniedError(ReviewError):
    """The actor's roles do not allow the action."""
