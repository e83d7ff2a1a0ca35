// SPDX-License-Identifier: Apache-2.0
#include "client/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>

#include "base/str.h"

int user_find(const char *user, struct user_ids *ret, struct err *err)
{
    *ret = (struct user_ids){0};
    if (isempty(user))
        return 0;
    char buf[4096];
    struct passwd pw, *found = NULL;
    uint64_t number;
    int r = parse_u64(str_of(user), &number) == 0
                ? getpwuid_r((uid_t)number, &pw, buf, sizeof(buf), &found)
                : getpwnam_r(user, &pw, buf, sizeof(buf), &found);
    if (!found)
        return err_set(err, r ? -r : -ENOENT, "user \"%s\" does not exist on this node", user);
    ret->uid = pw.pw_uid;
    ret->gid = pw.pw_gid;
    snprintf(ret->name, sizeof(ret->name), "%s", pw.pw_name);
    snprintf(ret->home, sizeof(ret->home), "%s", pw.pw_dir);
    return 0;
}
