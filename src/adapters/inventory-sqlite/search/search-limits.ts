/** Where one way to answer a search becomes slower than another; measured, see docs/adr, on the questions of the inventory. */
export interface SearchLimits {
  /** Collecting and sorting so many rows is still quicker than passing by the others. */
  readonly collected: number;
  /** The same where they lie side by side. */
  readonly collectedInRange: number;
  /** The same where their index has everything: no row is looked at but those of the page. */
  readonly collectedInIndex: number;
  /** Following so many labels is. */
  readonly labels: number;
  /** Looking at so many rows takes about as long as a count may. */
  readonly counted: number;
}

export const defaultSearchLimits: SearchLimits = {
  collected: 5000,
  collectedInRange: 50_000,
  collectedInIndex: 100_000,
  labels: 2000,
  counted: 20_000,
};
