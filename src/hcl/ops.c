// SPDX-License-Identifier: Apache-2.0
/* Operators on values. Whole numbers stay whole while they fit int64. */
#include <math.h>
#include <stdio.h>

#include "hcl/eval.h"

static const char *const op_text[] = {
    [OP_OR] = "||", [OP_AND] = "&&", [OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<",
    [OP_LE] = "<=", [OP_GT] = ">",   [OP_GE] = ">=", [OP_ADD] = "+", [OP_SUB] = "-",
    [OP_MUL] = "*", [OP_DIV] = "/",  [OP_MOD] = "%", [OP_NOT] = "!", [OP_NEG] = "-",
};

int site_num(const struct site *s, double d, struct val *ret)
{
    if (!isfinite(d))
        return site_fail(s, "the result is not a finite number");
    *ret = val_num(d);
    return 0;
}

int number_compare(struct val a, struct val b)
{
    if (a.type == VAL_INT && b.type == VAL_INT)
        return a.i < b.i ? -1 : a.i > b.i;
    double x = val_as_double(a), y = val_as_double(b);
    return x < y ? -1 : x > y;
}

/* False if the operation leaves int64 (or is a fraction). */
static bool whole_op(enum expr_op op, int64_t a, int64_t b, int64_t *ret)
{
    switch (op) {
    case OP_ADD:
        return !__builtin_add_overflow(a, b, ret);
    case OP_SUB:
        return !__builtin_sub_overflow(a, b, ret);
    case OP_MUL:
        return !__builtin_mul_overflow(a, b, ret);
    case OP_DIV:
        if (b == -1 || a % b != 0)
            return false;
        *ret = a / b;
        return true;
    default:
        *ret = b == -1 ? 0 : a % b;
        return true;
    }
}

static double double_op(enum expr_op op, double a, double b)
{
    switch (op) {
    case OP_ADD:
        return a + b;
    case OP_SUB:
        return a - b;
    case OP_MUL:
        return a * b;
    case OP_DIV:
        return a / b;
    default:
        return fmod(a, b);
    }
}

static int arithmetic(const struct site *s, enum expr_op op, struct val a, struct val b,
                      struct val *ret)
{
    int64_t whole;
    if ((op == OP_DIV || op == OP_MOD) && val_as_double(b) == 0)
        return site_fail(s, "division by zero");
    if (a.type == VAL_INT && b.type == VAL_INT && whole_op(op, a.i, b.i, &whole)) {
        *ret = val_int(whole);
        return 0;
    }
    return site_num(s, double_op(op, val_as_double(a), val_as_double(b)), ret);
}

static bool holds(enum expr_op op, int order)
{
    switch (op) {
    case OP_LT:
        return order < 0;
    case OP_LE:
        return order <= 0;
    case OP_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

int site_binary(const struct site *s, enum expr_op op, struct val a, struct val b, struct val *ret)
{
    char left[32], right[32];
    snprintf(left, sizeof(left), "the left side of \"%s\"", op_text[op]);
    snprintf(right, sizeof(right), "the right side of \"%s\"", op_text[op]);
    bool same = false;
    int r;
    if (op == OP_EQ || op == OP_NE) {
        r = site_equal(s, a, b, &same);
        if (r == 0)
            *ret = val_bool(same == (op == OP_EQ));
        return r;
    }
    struct val x, y;
    r = site_number(s, a, left, &x);
    if (r == 0)
        r = site_number(s, b, right, &y);
    if (r < 0)
        return r;
    if (op >= OP_ADD)
        return arithmetic(s, op, x, y, ret);
    *ret = val_bool(holds(op, number_compare(x, y)));
    return 0;
}

int site_unary(const struct site *s, enum expr_op op, struct val a, struct val *ret)
{
    if (op == OP_NOT) {
        bool b;
        int r = site_bool(s, a, "what \"!\" negates", &b);
        if (r == 0)
            *ret = val_bool(!b);
        return r;
    }
    struct val x;
    int r = site_number(s, a, "what \"-\" negates", &x);
    return r < 0 ? r : arithmetic(s, OP_SUB, val_int(0), x, ret);
}
