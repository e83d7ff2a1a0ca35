// SPDX-License-Identifier: Apache-2.0
/* Where D-Bus error names become errno: nothing else knows the names. */
#include <errno.h>

#include "base/str.h"
#include "systemd/bus.h"

static const struct {
    const char *name;
    int error;
} errors[] = {
    {"org.freedesktop.systemd1.NoSuchUnit", ENOENT},
    {"org.freedesktop.systemd1.UnitExists", EEXIST},
    {"org.freedesktop.systemd1.LoadFailed", EIO},
    {"org.freedesktop.systemd1.BadUnitSetting", ENOEXEC},
    {"org.freedesktop.systemd1.JobTypeNotApplicable", EOPNOTSUPP},
    {"org.freedesktop.systemd1.TransactionIsDestructive", EDEADLK},
    {"org.freedesktop.systemd1.UnitMasked", ERFKILL},
    {"org.freedesktop.systemd1.NoSuchProcess", ESRCH},
    {"org.freedesktop.systemd1.ShuttingDown", ECANCELED},
    {"org.freedesktop.DBus.Error.AccessDenied", EACCES},
    {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES},
    {"org.freedesktop.DBus.Error.AuthFailed", EACCES},
    {"org.freedesktop.DBus.Error.InvalidArgs", EINVAL},
    {"org.freedesktop.DBus.Error.InvalidSignature", EINVAL},
    {"org.freedesktop.DBus.Error.PropertyReadOnly", EROFS},
    {"org.freedesktop.DBus.Error.UnknownProperty", EOPNOTSUPP},
    {"org.freedesktop.DBus.Error.UnknownMethod", EOPNOTSUPP},
    {"org.freedesktop.DBus.Error.UnknownObject", ENOENT},
    {"org.freedesktop.DBus.Error.NotSupported", EOPNOTSUPP},
    {"org.freedesktop.DBus.Error.NoMemory", ENOMEM},
    {"org.freedesktop.DBus.Error.LimitsExceeded", ENOBUFS},
    {"org.freedesktop.DBus.Error.FileExists", EEXIST},
    {"org.freedesktop.DBus.Error.FileNotFound", ENOENT},
    /* PID 1 left the bus (daemon-reexec) or did not answer in time: ask again. */
    {"org.freedesktop.DBus.Error.NoReply", ECONNRESET},
    {"org.freedesktop.DBus.Error.Timeout", ECONNRESET},
    {"org.freedesktop.DBus.Error.TimedOut", ECONNRESET},
    {"org.freedesktop.DBus.Error.Disconnected", ECONNRESET},
    {"org.freedesktop.DBus.Error.ServiceUnknown", ECONNRESET},
    {"org.freedesktop.DBus.Error.NameHasNoOwner", ECONNRESET},
};

int bus_error_to_errno(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (streq(errors[i].name, name))
            return -errors[i].error;
    return -EIO;
}
