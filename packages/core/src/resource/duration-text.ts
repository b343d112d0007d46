/** A duration as protojson writes it: `"10s"`, `"0.250s"`. */
export type DurationText = string;
