"""moto, which provides IAM's users and S3's buckets. The only module that imports it, and only when it is used."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from toolkit.emulator.identity import new_id
from toolkit.emulator.protocol import Request, Response

if TYPE_CHECKING:
    from flask import Flask

_Service = Literal["iam", "s3"]
_REGION = "us-east-1"


@dataclass(frozen=True)
class Moto:
    """One account in moto's state, which belongs to the whole process."""

    account: str

    @classmethod
    def start(cls, account: str, buckets: Sequence[str], at: float) -> Moto:
        """Reset moto and create buckets."""
        from moto.s3.models import s3_backends

        moto = cls(account)
        moto.reset()
        for name in buckets:
            bucket = s3_backends[account]["aws"].create_bucket(name, _REGION)
            bucket.creation_date = _naive(at)
        return moto

    def create_user(self, name: str, path: str, at: float) -> tuple[str, str, str, str]:
        """Create a user, and return ARN, user ID, access key and secret."""
        from moto.iam.models import iam_backends

        backend = iam_backends[self.account]["aws"]
        user = backend.create_user(_REGION, name, path)
        user.id = new_id("AIDA", 21)
        user.create_date = _naive(at)
        key = backend.create_access_key(name)
        key.create_date = _naive(at)
        return user.arn, user.id, key.access_key_id, key.secret_access_key

    def handle(self, service: _Service, request: Request, form: Mapping[str, str] | None = None) -> Response:
        """Pass a request to moto, with other parameters if given, and return its response."""
        from werkzeug.test import run_wsgi_app

        environ = {**request.environ, "HTTP_X_MOTO_ACCOUNT_ID": self.account}
        body = request.body
        if form is not None:
            body = urlencode(form).encode()
            post = {"REQUEST_METHOD": "POST", "QUERY_STRING": "", "REQUEST_URI": "/", "RAW_URI": "/"}
            environ |= {**post, "CONTENT_TYPE": "application/x-www-form-urlencoded"}
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        chunks, status_line, headers = run_wsgi_app(_app(service), environ, buffered=True)
        content, status = b"".join(chunks), int(status_line.split()[0])
        code = _error_code(content) if status >= HTTPStatus.BAD_REQUEST else ""
        return Response(status, content, tuple(headers), code)

    @staticmethod
    def reset() -> None:
        """Delete everything that moto keeps in this process, for all accounts."""
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        BackendDict.reset()
        reset_model_data()


@functools.cache
def _app(service: _Service) -> Flask:
    from moto.moto_server.werkzeug_app import create_backend_app

    return create_backend_app(service)


def _naive(at: float) -> datetime:
    return datetime.fromtimestamp(int(at), UTC).replace(tzinfo=None)  # moto uses UTC without a time zone


def _error_code(body: bytes) -> str:
    found = re.search(rb"<Code>(\w+)</Code>", body)
    return found[1].decode() if found else ""
