"""A small AWS on this machine, for tests and to try things out: STS, IAM and S3, with moto behind them.

    with Emulator() as aws:
        alice = aws.add_user("alice", "/eng/")
        subprocess.run(["aws-mfa", …], input=alice.device.code(), env={**os.environ, **aws.environment()})

It answers what `aws-mfa` and those who check a session ask, as AWS does, and refuses the rest. Differences from moto:

 1. GetSessionToken takes the true code of a device (RFC 6238: SHA-1, 6 digits, 30 seconds) of the present period or of
    one either side of it, and none at or before one that the device gave already. moto takes any code.
 2. GetSessionToken takes only a device of the caller's own that shows codes, and checks its parameters. moto takes any
    serial number and any duration.
 3. Each session has keys and a token of its own, and ends. moto gives everybody the same keys.
 4. GetCallerIdentity says the same user for a long-term key and for its sessions. moto says `user/moto` for sessions.
 5. Keys, tokens and signatures are checked, and refused in the words of the service. moto takes any.
 6. A signature made more than five minutes before or after now is refused, and the Date of an answer is that of the
    emulator's clock, which also decides about codes and sessions. moto takes any, and has the machine's clock only.
 7. GetSessionToken is refused to a session. moto gives it another one.
 8. ListMFADevices gives virtual and hardware devices and FIDO keys, and without a UserName the caller's, to those who
    may list them on every resource. moto answers NoSuchEntity without a UserName.
 9. The policies of users decide: Deny before Allow, NotAction and NotResource, variables, conditions. The usual user
    has the policy that AWS's documentation gives to force MFA, and IAM takes no session that was got without a code.
    moto tells everybody everything, and where its own policy engine is on it counts most conditions as met.
10. S3 asks those policies too: to the usual user it denies everything without MFA. moto allows it.
11. What is not emulated is refused: other services and whatever else writes with 501, and a policy in which something
    is unknown when the user is made. moto would do the former, and pass over the latter.
12. Calls can be made to fail, to be too many or to hang (`fail`, `throttle`, `delay`), answers to be untrue or to end
    in the middle (`lie`, `cut`), their Date to be wrong (`skew`). All calls are recorded (`calls`), without secrets.
13. MFA enrollment is as with AWS: a real seed in a real QR code, two codes that follow each other and are both used up
    then, at most eight devices, and a device that is left behind when it is broken off. moto takes any code, and its QR
    code is random bytes.
14. A device may be out of step (`drift`), and ResyncMFADevice brings it back. moto does not have the call.

Nothing but the loopback address is listened on. Keys and seeds are worth nothing anywhere else; still they are never
logged or shown. MOTO_ACCOUNT_ID, where it is set, has to be the account.
"""

from toolkit.emulator.app import Call
from toolkit.emulator.clock import Clock
from toolkit.emulator.devices import Device, Kind
from toolkit.emulator.emulator import Emulator
from toolkit.emulator.identity import User

__all__ = ["Call", "Clock", "Device", "Emulator", "Kind", "User"]
