"""A small AWS on this machine, to test against and to try things out: STS, IAM and S3, built on moto.

    with Emulator() as aws:
        alice = aws.add_user("alice", "/eng/")
        subprocess.run(["aws-mfa", …], input=alice.device.code(), env={**os.environ, **aws.environment()})

It handles what `aws-mfa` calls, and what people call to check a session, as AWS does, and rejects everything else.
Differences from moto:

 1. GetSessionToken accepts only a device's correct code (RFC 6238: SHA-1, 6 digits, 30 seconds) of the current, the
    previous or the next period, and only once: a code of the same or an earlier period is rejected afterwards. moto
    accepts any code.
 2. GetSessionToken accepts only a device of the caller that shows codes, and validates its parameters. moto accepts any
    serial number and any duration.
 3. Each session has its own keys and token, and expires. moto gives everyone the same keys.
 4. GetCallerIdentity returns the same user for a long-term key and for its sessions. moto returns `user/moto` for
    sessions.
 5. Keys, tokens and signatures are verified, and rejected with the service's own errors. moto accepts any.
 6. A signature is rejected if it is more than five minutes old or in the future. The Date header is the emulator's
    clock, which also decides about codes and sessions. moto accepts any time, and uses the machine's clock.
 7. GetSessionToken rejects callers with session credentials. moto gives them another session.
 8. ListMFADevices lists virtual devices, hardware devices and FIDO keys. Without a UserName it lists the caller's, if
    the caller may list those of every resource. moto returns NoSuchEntity without a UserName.
 9. The policies of users are evaluated: Deny before Allow, NotAction and NotResource, variables, conditions. By default
    a user has the policy that AWS's documentation recommends to force MFA, and IAM rejects sessions that were created
    without a code. moto allows everything, and its optional policy engine considers most conditions satisfied.
10. S3 evaluates these policies too: by default it denies everything without MFA. moto allows it.
11. What is not emulated is rejected: other services and all other actions with status 501, and a policy with an unknown
    element when the user is created. moto would handle the former, and ignore the latter.
12. Calls can fail, be throttled or be delayed on demand (`fail`, `throttle`, `delay`), responses can be wrong or
    incomplete (`override`, `truncate`), and their Date can be wrong (`skew`). All calls are recorded, without secrets
    (`calls`).
13. MFA enrollment works as in AWS: a real seed in a real QR code, two consecutive codes that are then used up, at most
    eight devices, and a device that is left behind if enrollment is interrupted. moto accepts any codes, and its QR
    code is random bytes.
14. A device can be out of step (`drift`), and ResyncMFADevice fixes it. moto does not have this action.

It listens on the loopback interface only. Its keys and seeds are useless elsewhere, but they are still never logged or
shown. If MOTO_ACCOUNT_ID is set, it has to be the emulator's account.
"""

from toolkit.emulator.app import Call
from toolkit.emulator.devices import Device, Kind
from toolkit.emulator.emulator import Clock, Emulator
from toolkit.emulator.identity import User

__all__ = ["Call", "Clock", "Device", "Emulator", "Kind", "User"]
