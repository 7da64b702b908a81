"""A token in a file that nobody else may read."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from fulfillment_sdk.client import address
from fulfillment_sdk.client.tokens.turns import turn
from fulfillment_sdk.errors import ConfigurationError, StoreUnavailable

LONGEST: Final = 64 * 1024
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
# No file can ever be there, however often one tries.
_IMPOSSIBLE: Final = frozenset(
    {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG}
)
_A_PATH: Final = "Give FileTokens the path of a file; it is made when it is missing."


class FileTokens:
    """Keeps the token in the file `path`: mode 0600, replaced as a whole, a missing one is made.

    Missing folders are made too, with mode 0700, when a token is saved. `~` is the home folder, and
    a relative path stays what it is now. A file that others may read or write, or that belongs to
    somebody else, is refused with ConfigurationError; so is a path where no file can be.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            text = os.fspath(path)
            self.path = Path(text).expanduser().absolute()
        except (TypeError, RuntimeError, OSError):
            text = ""
        if not text or "\0" in text:
            raise ConfigurationError("The token's file has no usable path", remedy=_A_PATH)

    def __repr__(self) -> str:
        return f"FileTokens({str(self.path)!r})"

    def load(self) -> str | None:
        """The file's text, None where there is no file or nothing in it.

        Raises ConfigurationError for a file that others may read and where no file can be,
        StoreUnavailable for one that can't be read.
        """
        try:
            # Without O_NONBLOCK a named pipe would keep us waiting for its writer.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            self._target()
            return None
        except OSError as error:
            raise self._refused(error) from None
        try:
            self._refuse_unsafe(os.fstat(descriptor))
            text = os.read(descriptor, LONGEST)
        except OSError as error:
            raise self._refused(error) from None
        finally:
            os.close(descriptor)
        if len(text) == LONGEST or not text.isascii():
            raise self._not_a_token()
        return text.decode("ascii").strip() or None

    def save(self, token: str) -> None:
        """Write `token` to a new file beside the old one, then put it in its place.

        Whoever reads meanwhile, or after a crash, finds the old or the new token. Raises
        ConfigurationError for what is no token and where no file can be, and replaces nothing else;
        StoreUnavailable if it can't be written.
        """
        address.token(token)  # else the error about a character would have the whole token with it
        target = self._target()
        try:
            _make(target.parent)
            # For its owner alone from the first moment, under a name that nobody can guess.
            descriptor, fresh = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    os.fchmod(descriptor, 0o600)  # whatever the umask
                    file.write(f"{token}\n")
                    file.flush()
                    os.fsync(descriptor)
                with turn(target, make=True):
                    os.replace(fresh, target)  # noqa: PTH105
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(fresh)  # noqa: PTH108
                raise
            _settle(target.parent)
        except OSError as error:
            raise self._refused(error) from None

    def clear(self) -> None:
        """Remove the file; raises as `save` does."""
        target = self._target()
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from None

    def discard(self, token: str) -> None:
        """Remove the file if it holds `token`, and no other that was saved meanwhile.

        Any process that saves through a FileTokens waits for its turn. Raises as `load` does.
        """
        target = self._target()
        try:
            with turn(target):
                if self.load() == token:
                    target.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._refused(error) from None

    def _target(self) -> Path:
        """What is to be written or removed: a link stays a link, and only a file is taken."""
        target = Path(os.path.realpath(self.path))
        try:
            self._refuse_other_kinds(target.stat())
        except FileNotFoundError:
            # What a link leads to may not be mounted yet: no folder is made there.
            steps = (self.path, *self.path.parents)
            if not target.parent.is_dir() and any(map(_leads_nowhere, steps)):
                raise ConfigurationError(
                    f"A link on the token's path leads nowhere: {self.path}",
                    remedy="Make the folder that it leads to, or give another path.",
                ) from None
        except OSError as error:
            raise self._refused(error) from None
        return target

    def _refuse_other_kinds(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise ConfigurationError(f"The token's path is no file: {self.path}", remedy=_A_PATH)

    def _refuse_unsafe(self, found: os.stat_result) -> None:
        self._refuse_other_kinds(found)
        if found.st_uid not in {os.geteuid(), 0}:
            raise ConfigurationError(
                f"The token's file belongs to another user: {self.path}",
                remedy="Obtain a token of your own, and keep it in a file of your own.",
            )
        if found.st_mode & _OTHERS:
            raise ConfigurationError(
                f"Others may read the token's file: {self.path} has mode "
                f"{stat.S_IMODE(found.st_mode):04o}",
                remedy="Take their rights away (chmod 600); if somebody may have read it, revoke "
                "the token and obtain a new one.",
            )

    def _not_a_token(self) -> ConfigurationError:
        return ConfigurationError(
            f"What the file holds is no token: {self.path}",
            remedy="Keep the token alone in it, as verify_otp answered it.",
        )

    def _refused(self, error: OSError) -> ConfigurationError | StoreUnavailable:
        why = error.strerror or "failed"
        if error.errno in _IMPOSSIBLE:
            return ConfigurationError(
                f"No file can be at the token's path: {self.path}: {why}", remedy=_A_PATH
            )
        return StoreUnavailable(
            f"The token's file can't be used: {self.path}: {why}",
            remedy="Check its folder, the rights and the disk space, then repeat.",
        )


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _make(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
