"""People who sign in to a stack that runs in another process, as people do: by password, by invitation.

In: what the stack prints at its start. Out: `People`, which gives the command line's `Credential` of anybody; everybody may do everything.
"""

from dataclasses import dataclass, field
from typing import IO

from cli.api_client import Api
from cli.client import Client, credential_of
from cli.credentials import Credential


@dataclass
class People:
    """Those who sign in to a stack of another process: the admin by the password that it told at its first start, the others by invitation."""

    url: str = ""
    admin: str = ""
    passwords: dict[str, str] = field(default_factory=dict)

    def meet(self, url: str, told: IO[str]) -> None:
        self.url = url
        told.readline()  # the WebSocket's address
        if not self.admin:  # told once
            self.admin = told.readline().split()[-1]

    def __call__(self, person: str) -> Credential:
        if person not in self.passwords:
            self._invite(person)
        return self._sign_in(person, self.passwords[person])

    def _invite(self, person: str) -> None:
        with Client(self.url, credential=self._sign_in("admin", self.admin)) as admin:
            invitation = Api(admin).people_invite({"roles": ["admin", "approver"]})["invitation"]
            self.passwords[person] = "seven small brown owls"
            Api(admin).people_accept({"invitation": invitation, "username": person, "password": self.passwords[person]})

    def _sign_in(self, person: str, password: str) -> Credential:
        with Client(self.url, credential=Credential(person)) as client:
            return credential_of(Api(client).sign_in_login({"username": person, "password": password}))
