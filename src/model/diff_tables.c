// SPDX-License-Identifier: Apache-2.0
#include "model/diff.h"
#include "model/table.h"

#define B CHG_NONE

static const char *const type_texts[] = {
    [DIFF_NONE] = "None",
    [DIFF_ADDED] = "Added",
    [DIFF_DELETED] = "Deleted",
    [DIFF_EDITED] = "Edited",
};
const struct enum_def diff_type_texts = {type_texts, ARRAY_LEN(type_texts)};
static const char *const change_names[] = {
    [0] = "",
    [CHG_NONE] = "none",
    [CHG_INPLACE] = "in-place",
    [CHG_NESTED] = "nested",
    [CHG_DESTROY] = "destroy",
};
static const struct enum_def change_texts = {change_names, ARRAY_LEN(change_names)};

#define S struct field_diff
static const struct field field_diff_fields[] = {
    F(1, type, "Type", NULL, FT_ENUM, B, .texts = &diff_type_texts),
    F(2, name, "Name", NULL, FT_STR, B),
    F(3, old, "Old", NULL, FT_STR, B),
    F(4, new, "New", NULL, FT_STR, B),
    F(5, annotations, "Annotations", NULL, FT_STRS, B),
};
SCHEMA(field_diff_schema, "FieldDiff", field_diff_fields);
#undef S

#define S struct object_diff
static const struct field object_diff_fields[] = {
    F(1, type, "Type", NULL, FT_ENUM, B, .texts = &diff_type_texts),
    F(2, name, "Name", NULL, FT_STR, B),
    F(3, fields, "Fields", NULL, FT_OBJS, B, .sub = &field_diff_schema),
    F(4, objects, "Objects", NULL, FT_OBJS, B, .sub = &object_diff_schema),
};
SCHEMA(object_diff_schema, "ObjectDiff", object_diff_fields);
#undef S

#define S struct task_diff
static const struct field task_diff_fields[] = {
    F(1, type, "Type", NULL, FT_ENUM, B, .texts = &diff_type_texts),
    F(2, name, "Name", NULL, FT_STR, B),
    F(3, fields, "Fields", NULL, FT_OBJS, B, .sub = &field_diff_schema),
    F(4, objects, "Objects", NULL, FT_OBJS, B, .sub = &object_diff_schema),
    F(5, annotations, "Annotations", NULL, FT_STRS, B),
    F(6, change, "Change", NULL, FT_ENUM, B, .flags = FF_LOCAL, .texts = &change_texts),
};
SCHEMA(task_diff_schema, "TaskDiff", task_diff_fields);
#undef S

#define S struct task_group_diff
static const struct field group_diff_fields[] = {
    F(1, type, "Type", NULL, FT_ENUM, B, .texts = &diff_type_texts),
    F(2, name, "Name", NULL, FT_STR, B),
    F(3, fields, "Fields", NULL, FT_OBJS, B, .sub = &field_diff_schema),
    F(4, objects, "Objects", NULL, FT_OBJS, B, .sub = &object_diff_schema),
    F(5, tasks, "Tasks", NULL, FT_OBJS, B, .sub = &task_diff_schema),
    F(6, updates, "Updates", NULL, FT_IMAP, B),
};
SCHEMA(task_group_diff_schema, "TaskGroupDiff", group_diff_fields);
#undef S

#define S struct job_diff
static const struct field job_diff_fields[] = {
    F(1, type, "Type", NULL, FT_ENUM, B, .texts = &diff_type_texts),
    F(2, id, "ID", NULL, FT_STR, B),
    F(3, fields, "Fields", NULL, FT_OBJS, B, .sub = &field_diff_schema),
    F(4, objects, "Objects", NULL, FT_OBJS, B, .sub = &object_diff_schema),
    F(5, task_groups, "TaskGroups", NULL, FT_OBJS, B, .sub = &task_group_diff_schema),
};
SCHEMA(job_diff_schema, "JobDiff", job_diff_fields);
#undef S
