// SPDX-License-Identifier: Apache-2.0
/* The fetcher as a program of its own, for hosts and tests without the whole agent. */
#include "client/fetch/fetch.h"

int main(void)
{
    return fetch_main(0, 1);
}
