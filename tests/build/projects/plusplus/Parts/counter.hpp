/* SPDX-License-Identifier: MIT */
#pragma once

template <typename T> class Counter {
public:
    void Add(T n) { value += n; }
    T Get() const { return value; }

private:
    T value = 0;
};
