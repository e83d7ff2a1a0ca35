// SPDX-License-Identifier: Apache-2.0
/* Finding the command among the words, and help. */
#include <curl/curl.h>
#include <errno.h>

#include "cli/cli.h"
#include "cli/internal.h"

static const struct {
    const char *alias, *name;
} aliases[] = {
    {"run", "job run"},
    {"plan", "job plan"},
    {"stop", "job stop"},
    {"inspect", "job inspect"},
    {"validate", "job validate"},
    {"init", "job init"},
    {"logs", "alloc logs"},
    {"alloc-status", "alloc status"},
    {"eval-status", "eval status"},
    {"node-status", "node status"},
    {"server-members", "server members"},
    {"allocation", "alloc"},
};

static const struct command *command_named(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (streq(commands[i]->name, name))
            return commands[i];
    return NULL;
}

static const char *unalias(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        if (streq(word, aliases[i].alias))
            return aliases[i].name;
    return word;
}

/* Two words, then one. `nomad run job FILE` is accepted too: people type it. */
static const struct command *find_command(struct arena *a, int argc, char **argv, int *ret_used)
{
    if (argc > 2 && argv[2][0] != '-') {
        const struct command *c =
            command_named(arena_printf(a, "%s %s", unalias(argv[1]), argv[2]));
        if (c) {
            *ret_used = 3;
            return c;
        }
    }
    const struct command *c = command_named(unalias(argv[1]));
    *ret_used = 2;
    if (c && has_prefix(c->name, "job ") && !streq(argv[1], c->name) && argc > 3 &&
        streq(argv[2], "job"))
        *ret_used = 3;
    return c;
}

static bool is_group(const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; commands[i]; i++)
        if (has_prefix(commands[i]->name, word) && commands[i]->name[n] == ' ')
            return true;
    return false;
}

static void print_group(const char *word, FILE *to)
{
    fprintf(to, "Usage: nomad %s <subcommand> [options] [args]\n\nSubcommands:\n", word);
    size_t n = strlen(word);
    for (size_t i = 0; commands[i]; i++)
        if (has_prefix(commands[i]->name, word) && commands[i]->name[n] == ' ')
            fprintf(to, "    %-12s  %s\n", commands[i]->name + n + 1, commands[i]->synopsis);
}

static void print_top(FILE *to)
{
    static const char *const groups[][2] = {
        {"agent", "Runs a Nomad agent"},       {"alloc", "Interact with allocations"},
        {"eval", "Interact with evaluations"}, {"job", "Interact with jobs"},
        {"node", "Interact with nodes"},       {"server", "Interact with servers"},
    };
    fprintf(to, "Usage: nomad [-version] [-help] <command> [args]\n\nCommon commands:\n");
    static const char *const common[] = {"run", "stop", "status", "alloc", "job", "node", "agent"};
    static const char *const texts[] = {
        "Run a new job or update an existing job",
        "Stop a running job",
        "Display the status output for a resource",
        "Interact with allocations",
        "Interact with jobs",
        "Interact with nodes",
        "Runs a Nomad agent",
    };
    for (size_t i = 0; i < ARRAY_LEN(common); i++)
        fprintf(to, "    %-12s  %s\n", common[i], texts[i]);
    fprintf(to, "\nOther commands:\n");
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        fprintf(to, "    %-12s  %s\n", groups[i][0], groups[i][1]);
    for (size_t i = 0; commands[i]; i++)
        if (!strchr(commands[i]->name, ' '))
            fprintf(to, "    %-12s  %s\n", commands[i]->name, commands[i]->synopsis);
}

static int unknown_command(const char *word)
{
    const char *names[128];
    size_t n = 0;
    for (size_t i = 0; commands[i] && n < 60; i++)
        names[n++] = commands[i]->name;
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        names[n++] = aliases[i].alias;
    static const char *const groups[] = {"agent", "alloc", "eval", "job", "node", "server"};
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        names[n++] = groups[i];
    const char *near = nearest_name(str_of(word), names, n);
    fprintf(stderr, "nomad: unknown command \"%s\"%s%s%s\n\n", word,
            near ? "; did you mean \"" : "", nonull(near), near ? "\"?" : "");
    print_top(stderr);
    return 127;
}

static const char *setting(const struct cli *c, const char *flag, const char *env, const char *def)
{
    const char *t = flag_text(c, flag);
    if (!t)
        t = getenv(env);
    return isempty(t) ? def : t;
}

static int run_command(struct arena *a, const struct command *cmd, int argc, char **argv)
{
    struct cli c = {.arena = a, .cmd = cmd};
    int r = flags_parse(&c, argc, argv);
    if (r == 1) {
        usage_print(cmd, stdout);
        return 0;
    }
    if (r < 0) {
        fprintf(stderr, "%s\n\n", c.err.text);
        usage_print(cmd, stderr);
        return streq(cmd->name, "job plan") ? 255 : 1;
    }
    if (c.n_args < cmd->min_args || (cmd->max_args >= 0 && c.n_args > cmd->max_args)) {
        if (isempty(cmd->args))
            fprintf(stderr, "This command takes no arguments\n");
        else
            fprintf(stderr, "This command takes %s: %s\n",
                    cmd->max_args == 1 ? "one argument" : "these arguments", cmd->args);
        fprintf(stderr, "For additional help try 'nomad %s -help'\n", cmd->name);
        return streq(cmd->name, "job plan") ? 255 : 1;
    }
    c.address = setting(&c, "address", "NOMAD_ADDR", "http://127.0.0.1:4646");
    c.region = setting(&c, "region", "NOMAD_REGION", "");
    c.ns = setting(&c, "namespace", "NOMAD_NAMESPACE", "");
    c.token = setting(&c, "token", "NOMAD_TOKEN", "");
    c.color = (isatty(1) || flag_on(&c, "force-color")) && !flag_on(&c, "no-color") &&
              isempty(getenv("NOMAD_CLI_NO_COLOR"));
    return cmd->run(&c);
}

static bool is_help(const char *word)
{
    return streq(word, "-h") || streq(word, "-help") || streq(word, "--help");
}

int cli_main(int argc, char **argv)
{
    struct arena *a = arena_new(0);
    int used, code;
    if (!a)
        return 1;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (argc < 2 || is_help(argv[1])) {
        print_top(argc < 2 ? stderr : stdout);
        code = argc < 2 ? 127 : 0;
    } else {
        if (streq(argv[1], "-v") || streq(argv[1], "-version") || streq(argv[1], "--version"))
            argv[1] = (char *)"version";
        const struct command *cmd = find_command(a, argc, argv, &used);
        if (cmd)
            code = run_command(a, cmd, argc - used, argv + used);
        else if (is_group(unalias(argv[1]))) {
            bool help = argc > 2 && is_help(argv[2]);
            if (argc > 2 && !help)
                fprintf(stderr, "nomad %s: unknown subcommand \"%s\"\n\n", argv[1], argv[2]);
            print_group(unalias(argv[1]), help ? stdout : stderr);
            code = help ? 0 : 127;
        } else {
            code = unknown_command(argv[1]);
        }
    }
    fflush(stdout);
    curl_global_cleanup();
    arena_free(a);
    return code;
}
