'use strict';

// Telling typing mistakes, as the hosts and the services in Swift do.

/**
 * The number of letters to insert, remove, replace or swap with their neighbour that makes one name of the other, the case of
 * letters, `-` and `_` not counting (optimal string alignment: Damerau 1964, Levenshtein 1966).
 */
function editDistance(left, right) {
    const [a, b] = [left, right].map((name) => [...name.toLowerCase().replace(/[-_]/g, '')]);
    const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
    for (let i = 1; i <= a.length; i++) {
        const row = [i];
        for (let j = 1; j <= b.length; j++) {
            row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
                row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    return rows[a.length][b.length];
}

/** The name that another was probably meant to be: it differs by at most a third of its letters, and none differs by less. */
function nearestName(name, names) {
    if (name.length > 32) return undefined;
    let best;
    for (const other of [...names].sort()) {
        if (other.length > 64) continue;
        const distance = editDistance(name, other);
        if (distance > Math.max(1, Math.floor(other.length / 3))) continue;
        if (!best || distance < best.distance) best = { name: other, distance };
    }
    return best && best.name;
}

module.exports = { nearestName };
