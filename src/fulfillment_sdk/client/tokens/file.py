"""A token in a file that nobody else may read."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from fulfillment_sdk.errors import ConfigurationError, StoreUnavailable

LONGEST: Final = 64 * 1024
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class FileTokens:
    """Keeps the token in the file `path`: mode 0600, replaced as a whole, a missing one is made.

    The folder is made too, for its owner alone. `~` is the home folder, and a relative path stays
    what it is now. A file that others may read or write, or that belongs to somebody else, is
    refused with ConfigurationError.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()

    def __repr__(self) -> str:
        return f"FileTokens({str(self.path)!r})"

    def load(self) -> str | None:
        """The file's text, None where there is no file or nothing in it.

        Raises ConfigurationError for a file that others may read, StoreUnavailable for one that
        can't be read.
        """
        try:
            # Without O_NONBLOCK a named pipe would keep us waiting for its writer.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(error) from None
        try:
            self._refuse_unsafe(os.fstat(descriptor))
            text = os.read(descriptor, LONGEST)
        except OSError as error:
            raise self._unavailable(error) from None
        finally:
            os.close(descriptor)
        if len(text) == LONGEST or not text.isascii():
            raise self._not_a_token()
        return text.decode("ascii").strip() or None

    def save(self, token: str) -> None:
        """Write `token` to a new file beside the old one, then put it in its place.

        Whoever reads meanwhile, or after a crash, finds the old or the new token. Raises
        StoreUnavailable if it can't be written.
        """
        target = Path(os.path.realpath(self.path))  # a link stays a link
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # For its owner alone from the first moment, under a name that nobody can guess.
            descriptor, fresh = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    os.fchmod(descriptor, 0o600)  # whatever the umask
                    file.write(f"{token}\n")
                    file.flush()
                    os.fsync(descriptor)
                os.replace(fresh, target)  # noqa: PTH105
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(fresh)  # noqa: PTH108
                raise
            _settle(target.parent)
        except OSError as error:
            raise self._unavailable(error) from None

    def clear(self) -> None:
        """Remove the file; raises StoreUnavailable if that can't be done."""
        try:
            Path(os.path.realpath(self.path)).unlink(missing_ok=True)
        except OSError as error:
            raise self._unavailable(error) from None

    def _refuse_unsafe(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise ConfigurationError(
                f"The token's path is no file: {self.path}",
                remedy="Give FileTokens the path of a file; it is made when it is missing.",
            )
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

    def _unavailable(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(
            f"The token's file can't be used: {self.path}: {error.strerror or 'failed'}",
            remedy="Check its folder, the rights and the disk space, then repeat.",
        )


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
