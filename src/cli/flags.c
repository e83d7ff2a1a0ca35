// SPDX-License-Identifier: Apache-2.0
/* Go-style flags: -name, --name, -name=value, -name value; flags and arguments in any order. */
#include <errno.h>

#include "cli/internal.h"

static const struct flag_def global_flags[] = {
    {"address", FLAG_TEXT, "<addr>", "Address of the Nomad server; also NOMAD_ADDR"},
    {"region", FLAG_TEXT, "<region>", "Region to forward the command to; also NOMAD_REGION"},
    {"namespace", FLAG_TEXT, "<namespace>", "Namespace of the objects; also NOMAD_NAMESPACE"},
    {"token", FLAG_TEXT, "<token>", "ACL token; also NOMAD_TOKEN"},
    {"no-color", FLAG_BOOL, NULL, "Plain output; also NOMAD_CLI_NO_COLOR"},
    {"force-color", FLAG_BOOL, NULL, "Coloured output even without a terminal"},
    {NULL},
};

static const struct flag_def *find_in(const struct flag_def *list, struct str name)
{
    for (; list && list->name; list++)
        if (str_eqz(name, list->name))
            return list;
    return NULL;
}

static const struct flag_def *find(const struct command *cmd, struct str name)
{
    const struct flag_def *d = find_in(cmd->flags, name);
    return d ? d : find_in(global_flags, name);
}

static int unknown(struct cli *c, struct str name)
{
    const char *names[64];
    size_t n = 0;
    for (const struct flag_def *d = c->cmd->flags; d && d->name && n < 64; d++)
        names[n++] = d->name;
    for (const struct flag_def *d = global_flags; d->name && n < 64; d++)
        names[n++] = d->name;
    const char *near = nearest_name(name, names, n);
    return err_set(&c->err, -EINVAL, "flag provided but not defined: -%.*s%s%s%s", STR_ARG(name),
                   near ? " (did you mean -" : "", nonull(near), near ? "?)" : "");
}

static void add_value(struct cli *c, const struct flag_def *d, const char *text)
{
    c->values[c->n_values++] = (struct flag_value){d, text};
}

int flags_parse(struct cli *c, int argc, char **argv)
{
    bool only_args = false;
    c->args = arena_array(c->arena, const char *, (size_t)argc + 1);
    c->values = arena_array(c->arena, struct flag_value, (size_t)argc + 1);
    for (int i = 0; i < argc; i++) {
        const char *a = argv[i];
        if (only_args || a[0] != '-' || a[1] == '\0') {
            c->args[c->n_args++] = a;
            continue;
        }
        if (streq(a, "--")) {
            only_args = true;
            continue;
        }
        a += a[1] == '-' ? 2 : 1;
        const char *eq = strchr(a, '=');
        struct str name = eq ? str_n(a, (size_t)(eq - a)) : str_of(a);
        if (str_eqz(name, "h") || str_eqz(name, "help"))
            return 1;
        const struct flag_def *d = find(c->cmd, name);
        if (!d)
            return unknown(c, name);
        if (d->kind == FLAG_BOOL || eq)
            add_value(c, d, eq ? eq + 1 : "true");
        else if (i + 1 < argc)
            add_value(c, d, argv[++i]);
        else
            return err_set(&c->err, -EINVAL, "flag needs an argument: -%s", d->name);
    }
    return 0;
}

const char *flag_text(const struct cli *c, const char *name)
{
    for (size_t i = c->n_values; i-- > 0;)
        if (streq(c->values[i].def->name, name))
            return c->values[i].text;
    return NULL;
}

bool flag_on(const struct cli *c, const char *name)
{
    const char *t = flag_text(c, name);
    return t && !streq(t, "false") && !streq(t, "0");
}

const char **flag_list(struct cli *c, const char *name)
{
    const char **l = arena_array(c->arena, const char *, c->n_values + 1);
    size_t n = 0;
    for (size_t i = 0; i < c->n_values; i++)
        if (streq(c->values[i].def->name, name))
            l[n++] = c->values[i].text;
    return l;
}

static void print_flags(const struct flag_def *d, FILE *to)
{
    for (; d && d->name; d++) {
        fprintf(to, "  -%s%s%s\n", d->name, d->arg ? "=" : "", nonull(d->arg));
        fprintf(to, "    %s.\n\n", d->help);
    }
}

void usage_print(const struct command *cmd, FILE *to)
{
    fprintf(to, "Usage: nomad %s [options]%s%s\n\n  %s\n", cmd->name, isempty(cmd->args) ? "" : " ",
            nonull(cmd->args), isempty(cmd->help) ? cmd->synopsis : cmd->help);
    fprintf(to, "\nGeneral Options:\n\n");
    print_flags(global_flags, to);
    if (cmd->flags && cmd->flags->name) {
        fprintf(to, "Options:\n\n");
        print_flags(cmd->flags, to);
    }
}
