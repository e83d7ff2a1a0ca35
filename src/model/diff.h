// SPDX-License-Identifier: Apache-2.0
/* What `job plan` shows: the difference of two versions of a job in the shape of Nomad's JobDiff
 * (facts: nomad/structs/diff.go), driven by the field tables. Bookkeeping fields are left out.
 * Lists of objects with one FF_KEY field are matched by it; other lists are sets: an item that
 * changed is one deleted and one added. Differs from Nomad: an object on both sides is Edited
 * even if fields were only added, and unchanged fields that are empty are not shown. */
#pragma once
#include "model/eval.h"

enum diff_type { DIFF_NONE, DIFF_ADDED, DIFF_DELETED, DIFF_EDITED, DIFF_TYPE_MAX };

struct field_diff {
    int32_t type;                 /* enum diff_type */
    const char *name, *old, *new; /* values as text: durations in ns, unset "" */
    struct strs annotations;
};
struct object_diff {
    int32_t type;
    const char *name;
    struct objs fields, objects; /* field_diff by name; object_diff */
};
struct task_diff {
    int32_t type;
    const char *name;
    struct objs fields, objects;
    struct strs annotations;
    int32_t change; /* enum change: what this means for a running task; ours alone */
};
struct task_group_diff {
    int32_t type;
    const char *name;
    struct objs fields, objects, tasks; /* task_diff by name, unchanged ones too */
    struct imap updates;                /* "create": 2, ... from the scheduler */
};
struct job_diff {
    int32_t type;
    const char *id;
    struct objs fields, objects, task_groups; /* task_group_diff by name, unchanged ones too */
};

extern const struct enum_def diff_type_texts;
extern const struct schema field_diff_schema, object_diff_schema, task_diff_schema,
    task_group_diff_schema, job_diff_schema;

/* `contextual` lists the unchanged fields of objects that changed, too. One job may be NULL. The
 * result shares no memory with the jobs. NULL when memory is short. */
struct job_diff *job_diff(struct arena *a, const struct job *old, const struct job *new,
                          bool contextual);
/* Any two objects of one type, one may be NULL. *ret is NULL when they are alike. -ENOMEM. */
int model_diff(struct arena *a, const struct schema *s, const char *name, const void *old,
               const void *new, bool contextual, struct object_diff **ret);
/* Adds the scheduler's numbers (may be NULL) to the groups and says of counts and tasks what they
 * force. -ENOMEM. */
int job_diff_annotate(struct arena *a, struct job_diff *d, const struct plan_annotations *plan);
