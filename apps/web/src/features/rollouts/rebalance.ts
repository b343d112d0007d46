/**
 * Weights after one of them was set to `weight`: the others share the rest in their present proportion. Whole numbers, sum 100 always.
 * When the others are all zero, the rest goes to the first of them.
 */
export function rebalance(weights: readonly number[], index: number, weight: number): readonly number[] {
  if (weights.length <= 1) return weights.map(() => 100);
  const set = Math.min(100, Math.max(0, Math.round(weight)));
  const rest = 100 - set;
  const others = weights.map((value, other) => ({ other, value })).filter(({ other }) => other !== index);
  const total = others.reduce((sum, { value }) => sum + value, 0);
  const shares = others.map(({ other, value }, position) => {
    const exact = total === 0 ? (position === 0 ? rest : 0) : (value / total) * rest;
    return { other, whole: Math.floor(exact), remainder: exact - Math.floor(exact) };
  });
  const result = weights.map(() => 0);
  result[index] = set;
  for (const { other, whole } of shares) result[other] = whole;
  // What rounding left over goes to the largest remainders.
  let left = rest - shares.reduce((sum, { whole }) => sum + whole, 0);
  for (const { other } of [...shares].sort((a, b) => b.remainder - a.remainder || a.other - b.other)) {
    if (left === 0) break;
    result[other] = (result[other] ?? 0) + 1;
    left -= 1;
  }
  return result;
}
