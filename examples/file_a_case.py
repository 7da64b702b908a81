"""File one case with a gateway and print its numbers.

    export FULFILLMENT_BASE_URL=http://127.0.0.1:8000   # there is no default address
    export FULFILLMENT_TOKEN=...                        # or be asked for e-mail and code
    python file_a_case.py

Against a server of your own (`fulfillment serve --dev`) the mail with the code is to be read at
`/dev/mailbox/?to=ADDRESS`.
"""

from __future__ import annotations

import os
import sys

from fulfillment_sdk import Client, FulfillmentError, NewCase, OutcomeUnknown, Person, Priority


def sign_in(client: Client) -> None:
    """Get a token with a code that is sent by e-mail."""
    email = input("E-mail address: ")
    organization = input("Organization: ")
    client.auth.request_verification(email=email, organization_name=organization)
    code = input("Code from the mail: ")
    token = client.auth.verify_otp(email=email, otp=code, organization_name=organization)
    print(f"Signed in until {token.expires}; keep the token like a password.")


def example_case() -> NewCase:
    """The minimal case of the API's document."""
    return NewCase(
        reporter=Person(fname="John Doe"),
        gbv_related=False,
        case_category_id="362484",
        narrative="Client reports experiencing harassment at workplace. "
        "Needs assistance with reporting and safety planning.",
        plan="Initial assessment and safety planning. Refer to legal aid services.",
        priority=Priority.MEDIUM,
        status="1",
    )


def main() -> int:
    """File the case; 0 if it was created."""
    try:
        with Client.from_env() as client:
            if not os.environ.get("FULFILLMENT_TOKEN"):
                sign_in(client)
            created = client.cases.create(example_case())
    except OutcomeUnknown as error:
        # It may exist. The reference server makes no second case of a request with the same key;
        # of another server, ask the operator for this src_uid before sending again.
        print(error, f"Its key and src_uid: {error.idempotency_key}", sep="\n", file=sys.stderr)
        return 2
    except FulfillmentError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Case {created.id}, number {created.reference_number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
