// SPDX-License-Identifier: Apache-2.0
/* Stands in for libFuzzer: feeds every file of a directory to a fuzzer once. A missing directory
 * counts as empty, so a fuzzer without kept inputs still proves that it links and accepts "". */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <limits.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 8 << 20 };

static int replay_file(const char *path, uint8_t *room)
{
    FILE *f = fopen(path, "rb");

    if (!f) {
        perror(path);
        return -1;
    }
    size_t n = fread(room, 1, INPUT_MAX, f);
    fclose(f);
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact)
        abort();
    for (size_t i = 0; i < n; i++)
        exact[i] = room[i];
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    int r = 0, files = 0;
    uint8_t *room = calloc(1, INPUT_MAX);
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
    struct dirent *entry;

    if (!room)
        abort();
    LLVMFuzzerTestOneInput(room, 0);
    while (dir && (entry = readdir(dir))) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        if (replay_file(path, room) < 0)
            r = 1;
        files++;
    }
    if (dir)
        closedir(dir);
    free(room);
    printf("%d kept inputs replayed\n", files);
    return r;
}
