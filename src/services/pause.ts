/** Lets time pass, without keeping a process alive that has nothing else to do. */
export const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
